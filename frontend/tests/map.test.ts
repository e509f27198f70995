import { describe, expect, it } from 'vitest'
import type { Catalogue } from '@/api/names'
import { distinctHits, hitLabel, hitNoun, hitRows, type Hit } from '@/map/hits'
import { clickable, counts, legendLayers, NEAR, shownAtFirst, type TileLayer } from '@/map/layers'
import { iconStyle } from '@/map/sprite'
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

/** A catalogue as the server gives it, with a kind that nothing here has ever heard of. */
const field = (name: string, zh: string, more = {}) => ({ name, label: { zh, en: name }, type: 'string', vocabulary: null, ...more })
const catalogue = {
  subjects: [],
  kinds: [
    { name: 'divisions', noun: { zh: '行政区划' }, look: null, seen_from: 0, fields: [] },
    { name: 'lamps', noun: { zh: '路灯' }, look: { icon: 'lamp' }, seen_from: 12, fields: [field('name', '名称'), field('watts', '功率')] },
    {
      name: 'objects',
      noun: { zh: '部件' },
      look: { icon: 'object' },
      seen_from: 8,
      fields: [field('kind', '类别'), field('state', '状态', { vocabulary: 'facility_state' })],
    },
    { name: 'alerts', noun: { zh: '预警' }, look: { icon: 'alert-high' }, seen_from: 0, fields: [] },
  ],
} as unknown as Catalogue
const withLamps = (): MapStyle => ({
  ...served(),
  carries: { ground: ['divisions'], near: ['lamps', 'objects'], alerts: ['alerts'] },
  colours: {
    layers: { lamps: '#123456', divisions: '#654321' },
    severity: { high: '', medium: '', low: '' },
    focus: { glow: '', ring: '' },
    shades: [],
  },
  document: {
    ...served().document,
    layers: ['outside', 'divisions-town', 'lamps-dot', 'lamps-icon', 'lamps-area', 'lamps-count', 'lamps-count-number', 'lamps-name'].map(
      (id) => ({ id, type: 'background' }),
    ),
  },
})

describe('the legend', () => {
  it('lists what the style carries, in the words of the catalogue, highest first', () => {
    const layers = legendLayers(withLamps(), catalogue, () => true)
    expect(layers.map((layer) => [layer.name, layer.label, layer.sign, layer.from])).toEqual([
      ['alerts', '预警', 'icon', 0],
      ['objects', '部件', 'icon', 8],
      ['lamps', '路灯', 'icon', 12],
      ['divisions', '行政区划', 'line', 0],
    ])
  })
  it('says nothing of alerts to who does not look at them', () => {
    const may = (permission: string) => permission !== 'alerts.view'
    expect(legendLayers(withLamps(), catalogue, may).map((layer) => layer.name)).not.toContain('alerts')
    expect([...shownAtFirst(may)]).not.toContain('alerts')
    expect([...shownAtFirst(() => true)]).toContain('alerts')
  })
  it('shows the icons of the map', () => {
    const sprite = { url: '/s@2x.png', width: 200, places: { lamp: { x: 40, y: 80, width: 40, height: 40 } } }
    expect(iconStyle(sprite, 'lamp', 20)).toMatchObject({ width: '20px', backgroundPosition: '-20px -40px', backgroundSize: '100px auto' })
    expect(iconStyle(sprite, 'unknown', 20)).toEqual({})
    expect(iconStyle(null, 'lamp', 20)).toEqual({})
  })
})

describe('the layers of a style', () => {
  it('answer a click with single records of any kind; what stands for several leads nearer', () => {
    expect(clickable(withLamps())).toEqual(['lamps-dot', 'lamps-icon', 'lamps-area'])
    expect(counts(withLamps())).toEqual(['lamps-count', 'lamps-count-number'])
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
  it('says what the tile carries of it, in words', () => {
    const lamp = hit({ layer: 'lamps', properties: { id: 1, name: '一号灯', watts: 40 } })
    expect(hitNoun(lamp, catalogue)).toBe('路灯')
    expect(hitRows(lamp, catalogue)).toEqual([{ name: 'watts', label: '功率', words: '40' }])
    const hydrant = hit({ layer: 'objects', properties: { kind: '消防栓', state: 'damaged' } })
    expect(hitRows(hydrant, catalogue)).toEqual([{ name: 'state', label: '状态', words: '破损' }])
    expect(hitRows(hydrant, null)).toEqual([])
  })
})
