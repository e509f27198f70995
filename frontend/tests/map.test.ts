import { describe, expect, it } from 'vitest'
import { distinctHits, hitLabel, type Hit } from '@/map/hits'
import { CLICKABLE, COUNTS, LAYERS, NEAR, tileLayerOf, type TileLayer } from '@/map/layers'
import { arranged, isVisible, readStyle, requestedLayers, tileUrl, type MapStyle } from '@/map/style'
import type { LayerSpecification, StyleSpecification } from 'maplibre-gl'

/** A style as the server writes it, of a server that goes by another name. */
const served = (): MapStyle =>
  readStyle(
    {
      version: 8,
      metadata: { 'onemap:legend': { layers: {}, severity: {}, shades: [] } },
      sprite: 'https://map.county.gov.cn/style/sprites/light',
      glyphs: 'https://map.county.gov.cn/style/fonts/{fontstack}/{range}.pbf?v=1',
      sources: {
        ground: { type: 'vector', tiles: ['https://map.county.gov.cn/tiles/330521/divisions,cells/{z}/{x}/{y}.mvt'] },
        near: { type: 'vector', tiles: ['https://map.county.gov.cn/tiles/330521/addresses,places,persons,events/{z}/{x}/{y}.mvt'] },
      },
      layers: [
        { id: 'outside', type: 'background' },
        { id: 'divisions-ground', type: 'fill', source: 'ground', 'source-layer': 'divisions' },
        { id: 'divisions-town', type: 'line', source: 'ground', 'source-layer': 'divisions' },
        { id: 'events-dot', type: 'circle', source: 'near', 'source-layer': 'events' },
      ],
    } as StyleSpecification,
    'http://here',
  )
const nothing = { sources: {}, layers: [] }

describe('the served style', () => {
  it('is asked for at the address of the page, whatever the server calls itself', () => {
    expect(JSON.stringify(arranged(served(), 'http://here', '330521', new Set(), nothing))).not.toContain('county.gov.cn')
    expect(served().document.glyphs).toBe('http://here/style/fonts/{fontstack}/{range}.pbf?v=1')
  })
  it('says which layers each source carries', () => {
    expect(served().carries).toEqual({ ground: ['divisions', 'cells'], near: ['addresses', 'places', 'persons', 'events'] })
  })
  it('asks from near only for what is switched on, and never for nothing', () => {
    expect(requestedLayers(served(), NEAR, new Set<TileLayer>(['events', 'persons']))).toEqual(['persons', 'events'])
    expect(requestedLayers(served(), NEAR, new Set())).toHaveLength(1)
    expect(requestedLayers(served(), 'ground', new Set())).toEqual(['divisions', 'cells'])
    const drawn = arranged(served(), 'http://here', '330521', new Set<TileLayer>(['places']), nothing)
    expect(drawn.sources['near']).toMatchObject({ tiles: ['http://here/tiles/330521/places/{z}/{x}/{y}.mvt'] })
  })
  it('hides what is switched off; the ground always lies there', () => {
    const drawn = arranged(served(), '', '330521', new Set<TileLayer>(['events']), nothing)
    const visibility = Object.fromEntries(drawn.layers.map((layer) => [layer.id, layer.layout?.visibility]))
    expect(visibility).toEqual({ outside: 'visible', 'divisions-ground': 'visible', 'divisions-town': 'none', 'events-dot': 'visible' })
    expect(isVisible({ id: 'events-dot', type: 'circle' } as LayerSpecification, new Set())).toBe(false)
  })
  it('changes the address of tiles with the version, so that no old tile is shown', () => {
    expect(tileUrl('', '330521', ['alerts'], 2)).toBe('/tiles/330521/alerts/{z}/{x}/{y}.mvt?v=2')
  })
})

describe('layers of the legend', () => {
  it('are named by what their drawing layers begin with', () => {
    const names = LAYERS.map((layer) => layer.name)
    for (const id of [...CLICKABLE, ...COUNTS]) expect(names).toContain(tileLayerOf({ id }))
  })
  it('answer a click with single records; what stands for several leads nearer', () => {
    expect(CLICKABLE.filter((id) => COUNTS.includes(id))).toEqual([])
  })
})

describe('what lies under a click', () => {
  const hit = (over: Partial<Hit>): Hit => ({ layer: 'persons', id: 1, properties: {}, lon: 0, lat: 0, ...over })
  it('is each record once', () => {
    expect(distinctHits([hit({}), hit({}), hit({ id: 2 }), hit({ layer: 'alerts' })])).toHaveLength(3)
  })
  it('has a name to choose by', () => {
    expect(hitLabel(hit({ properties: { household_no: 'H1', members: 3 } }))).toBe('H1（3 人）')
    expect(hitLabel(hit({ layer: 'objects', properties: { kind: '消防栓' } }))).toBe('消防栓')
  })
})
