import { describe, expect, it } from 'vitest'
import { distinctHits, hitLabel, type Hit } from '@/map/hits'
import { CLICKABLE, COUNTS, drawingLayers, LAYERS, SEVERAL, requestedLayers, sourceOf, sources, tileLayerOf, tileUrl, type TileLayer } from '@/map/layers'
import { namePoints } from '@/map/names'

const square = (w: number, s: number, e: number, n: number) => [
  [w, s],
  [e, s],
  [e, n],
  [w, n],
  [w, s],
]

describe('tile sources', () => {
  it('ask only for layers the account may see', () => {
    const allowed: TileLayer[] = ['divisions', 'cells', 'places', 'objects', 'alerts']
    const shown = new Set<TileLayer>(['persons', 'places', 'objects'])
    const urls = Object.values(sources('http://here', '330521', allowed, shown)).map((source) => ('tiles' in source ? source.tiles?.[0] : ''))
    expect(urls.join(' ')).not.toContain('persons')
    expect(urls).toContain('http://here/tiles/330521/places,objects/{z}/{x}/{y}.mvt')
  })
  it('ask from near only for what is switched on, and never for nothing', () => {
    const names = LAYERS.map((layer) => layer.name)
    expect(requestedLayers('near', names, new Set(['events', 'persons']))).toEqual(['persons', 'events'])
    expect(requestedLayers('near', names, new Set())).toHaveLength(1)
    expect(requestedLayers('ground', names, new Set())).toEqual(['divisions', 'cells'])
  })
  it('change their address with the version, so that no old tile is shown', () => {
    expect(tileUrl('', '330521', ['alerts'], 2)).toBe('/tiles/330521/alerts/{z}/{x}/{y}.mvt?v=2')
  })
})

describe('drawing layers', () => {
  it('each belong to a tile layer of the legend and draw from its source', () => {
    const names = LAYERS.map((layer) => layer.name)
    for (const layer of drawingLayers(names, new Set(names))) {
      expect(names).toContain(tileLayerOf(layer))
      if ('source-layer' in layer) {
        expect(layer['source-layer']).toBe(tileLayerOf(layer))
        expect((layer as { source?: string }).source).toBe(sourceOf(tileLayerOf(layer)))
      }
    }
  })
  it('draw what stands for several records apart from single ones, which alone answer a click', () => {
    const names = LAYERS.map((layer) => layer.name)
    const layers = drawingLayers(names, new Set(names))
    for (const id of COUNTS) expect(layers.find((layer) => layer.id === id)).toHaveProperty('filter', SEVERAL)
    for (const id of CLICKABLE) expect(JSON.stringify(layers.find((layer) => layer.id === id))).toContain(JSON.stringify(['!', SEVERAL]))
    expect(CLICKABLE.filter((id) => COUNTS.includes(id))).toEqual([])
  })
  it('load no sprite, glyph or tile from elsewhere', () => {
    const names = LAYERS.map((layer) => layer.name)
    expect(JSON.stringify(drawingLayers(names, new Set(names)))).not.toMatch(/https?:/)
  })
})

describe('names of areas', () => {
  it('stand once, at the centroid of the pieces', () => {
    const piece = { id: '1', level: 'town', name: '武康街道' }
    const points = namePoints([
      { ...piece, outlines: [square(0, 0, 1, 2)] },
      { ...piece, outlines: [square(1, 0, 3, 2).reverse()] },
    ])
    expect(points.features).toHaveLength(1)
    expect(points.features[0]?.geometry.coordinates).toEqual([1.5, 1])
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
