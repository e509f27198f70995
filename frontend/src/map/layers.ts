/** The layers of the map: what they are called, where their tiles come from, how they are drawn. */
import type { ExpressionSpecification, LayerSpecification, SourceSpecification } from 'maplibre-gl'
import { OFF_THE_MAP } from '@/texts/alerts'

export const TILE_LAYERS = [
  'divisions',
  'cells',
  'addresses',
  'places',
  'persons',
  'events',
  'objects',
  'alerts',
] as const
export type TileLayer = (typeof TILE_LAYERS)[number]

export interface LayerInfo {
  name: TileLayer
  label: string
  colour: string
  shape: 'line' | 'fill' | 'dot' | 'ring' | 'square'
  /** shown at first; the others are one tap away in the legend */
  shown: boolean
  /** zoom from which it is drawn, told in the legend */
  from: number
  permission?: string
}

export const LAYERS: LayerInfo[] = [
  { name: 'alerts', label: '预警', colour: '#b3261e', shape: 'dot', shown: true, from: 0, permission: 'alerts.view' },
  { name: 'persons', label: '住户', colour: '#17406d', shape: 'dot', shown: true, from: 13, permission: 'household.view' },
  { name: 'events', label: '事件', colour: '#7a3e9d', shape: 'dot', shown: false, from: 8 },
  { name: 'objects', label: '部件', colour: '#0f7273', shape: 'square', shown: false, from: 8 },
  { name: 'places', label: '场所房屋', colour: '#8a5a12', shape: 'square', shown: false, from: 8 },
  { name: 'addresses', label: '标准地址', colour: '#66788a', shape: 'ring', shown: true, from: 13 },
  { name: 'cells', label: '网格', colour: '#4c7a63', shape: 'fill', shown: true, from: 9 },
  { name: 'divisions', label: '行政区划', colour: '#5b6b7a', shape: 'line', shown: true, from: 0 },
]

export const SEVERITY_COLOURS = { high: '#b3261e', medium: '#b86a00', low: '#3f78ad' } as const
/** Open alerts in a cell, and the shade of it. */
export const CELL_SHADES = [
  { from: 0, colour: 'rgba(76, 122, 99, 0.03)' },
  { from: 1, colour: 'rgba(240, 162, 58, 0.16)' },
  { from: 3, colour: 'rgba(226, 125, 28, 0.26)' },
  { from: 8, colour: 'rgba(196, 74, 20, 0.34)' },
] as const

/** Tile requests are grouped by the zoom they begin at; one request carries every layer of its group. */
export const SOURCES: { id: string; layers: TileLayer[]; minzoom: number; maxzoom: number }[] = [
  { id: 'ground', layers: ['divisions', 'cells'], minzoom: 0, maxzoom: 14 },
  { id: 'near', layers: ['addresses', 'places', 'persons', 'events', 'objects'], minzoom: 8, maxzoom: 16 },
  { id: 'alerts', layers: ['alerts'], minzoom: 0, maxzoom: 16 },
]

export function sourceOf(layer: TileLayer): string {
  return SOURCES.find((source) => source.layers.includes(layer))?.id ?? 'ground'
}

/** Names of areas stand on points made by `namePoints`, once for each area. */
export const NAMES_SOURCE = 'names'

/** The address of tiles; `version` makes the map ask again after a change. */
export function tileUrl(origin: string, county: string, layers: TileLayer[], version = 0): string {
  const suffix = version ? `?v=${version}` : ''
  return `${origin}/tiles/${encodeURIComponent(county)}/${layers.join(',')}/{z}/{x}/{y}.mvt${suffix}`
}

/** What one source asks for: layers the account may see; of those seen from near only the ones switched on. */
export function requestedLayers(source: string, allowed: TileLayer[], shown: ReadonlySet<TileLayer>): TileLayer[] {
  const layers = SOURCES.find((one) => one.id === source)?.layers.filter((layer) => allowed.includes(layer)) ?? []
  if (source !== 'near') return layers
  const on = layers.filter((layer) => shown.has(layer))
  return on.length ? on : layers.slice(0, 1)
}

export function sources(
  origin: string,
  county: string,
  allowed: TileLayer[],
  shown: ReadonlySet<TileLayer>,
): Record<string, SourceSpecification> {
  const result: Record<string, SourceSpecification> = {}
  for (const { id, minzoom, maxzoom } of SOURCES) {
    const wanted = requestedLayers(id, allowed, shown)
    if (wanted.length) result[id] = { type: 'vector', tiles: [tileUrl(origin, county, wanted)], minzoom, maxzoom }
  }
  return result
}

const byZoom = (...stops: number[]): ExpressionSpecification => ['interpolate', ['linear'], ['zoom'], ...stops] as unknown as ExpressionSpecification

/** Fonts of the device: labels are drawn from them, there is no glyph server. */
const LABEL_FONTS = ['PingFang SC', 'HarmonyOS Sans SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'sans-serif']
const label = (size: number) => ({ 'text-font': LABEL_FONTS, 'text-size': size, 'text-max-width': 8, 'text-padding': 6 })

function groundLayers(): LayerSpecification[] {
  return [
    {
      id: 'divisions-ground',
      type: 'fill',
      source: 'ground',
      'source-layer': 'divisions',
      filter: ['==', ['get', 'level'], 'county'],
      paint: { 'fill-color': '#fbfcfa' },
    },
    {
      id: 'cells-fill',
      type: 'fill',
      source: 'ground',
      'source-layer': 'cells',
      filter: ['!=', ['get', 'level'], 'micro_cell'],
      minzoom: 9,
      paint: {
        'fill-color': [
          'step',
          ['coalesce', ['get', 'alerts'], 0],
          CELL_SHADES[0].colour,
          ...CELL_SHADES.slice(1).flatMap((shade) => [shade.from, shade.colour]),
        ] as unknown as ExpressionSpecification,
        'fill-opacity': byZoom(13, 1, 16, 0.4),
      },
    },
    {
      id: 'cells-line',
      type: 'line',
      source: 'ground',
      'source-layer': 'cells',
      minzoom: 11,
      filter: ['!=', ['get', 'level'], 'micro_cell'],
      paint: { 'line-color': '#4c7a63', 'line-width': byZoom(11, 0.4, 15, 1.2), 'line-opacity': 0.7 },
    },
    {
      id: 'cells-micro',
      type: 'line',
      source: 'ground',
      'source-layer': 'cells',
      minzoom: 14,
      filter: ['==', ['get', 'level'], 'micro_cell'],
      paint: { 'line-color': '#4c7a63', 'line-width': 0.6, 'line-dasharray': [2, 2], 'line-opacity': 0.7 },
    },
    {
      id: 'divisions-village',
      type: 'line',
      source: 'ground',
      'source-layer': 'divisions',
      minzoom: 10,
      filter: ['==', ['get', 'level'], 'village'],
      paint: { 'line-color': '#8796a5', 'line-width': byZoom(10, 0.5, 15, 1.6), 'line-dasharray': [4, 2] },
    },
    {
      id: 'divisions-town',
      type: 'line',
      source: 'ground',
      'source-layer': 'divisions',
      filter: ['==', ['get', 'level'], 'town'],
      paint: { 'line-color': '#5b6b7a', 'line-width': byZoom(8, 0.8, 14, 2) },
    },
    {
      id: 'divisions-county',
      type: 'line',
      source: 'ground',
      'source-layer': 'divisions',
      filter: ['==', ['get', 'level'], 'county'],
      paint: { 'line-color': '#2b3c4d', 'line-width': byZoom(8, 1.6, 14, 3) },
    },
  ]
}

/** A tile with too much in it holds counts: one feature, `n` records, no number of its own. */
export const SEVERAL: ExpressionSpecification = ['>', ['coalesce', ['get', 'n'], 1], 1]

/** Colour and first zoom of the layers whose records are drawn as dots. */
const DOTS = LAYERS.filter(({ name }) => sourceOf(name) !== 'ground')

/** Where many records lie together: a soft dot, darker and larger the more it stands for. Under the single ones. */
function countLayers(): LayerSpecification[] {
  return DOTS.map(({ name, colour, from }) => ({
    id: `${name}-count`,
    type: 'circle',
    source: sourceOf(name),
    'source-layer': name,
    minzoom: from,
    filter: SEVERAL,
    paint: {
      'circle-color': colour,
      'circle-opacity': ['interpolate', ['linear'], ['ln', ['get', 'n']], 0.7, 0.25, 5, 0.6] as unknown as ExpressionSpecification,
      'circle-radius': ['interpolate', ['linear'], ['ln', ['get', 'n']], 0.7, 3, 5, 7] as unknown as ExpressionSpecification,
    },
  }))
}

/** Dots of single records: they leave what stands for several to `countLayers`, and begin where the legend says. */
function singleLayers(): LayerSpecification[] {
  return pointLayers().map((layer) => {
    const info = LAYERS.find((one) => one.name === tileLayerOf(layer))
    const own = 'filter' in layer && layer.filter ? [layer.filter] : []
    return { ...layer, minzoom: info?.from ?? 0, filter: ['all', ['!', SEVERAL], ...own] } as LayerSpecification
  })
}

function pointLayers(): LayerSpecification[] {
  return [
    {
      id: 'places-area',
      type: 'fill',
      source: 'near',
      'source-layer': 'places',
      filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': '#8a5a12', 'fill-opacity': 0.12, 'fill-outline-color': '#8a5a12' },
    },
    {
      id: 'addresses-dot',
      type: 'circle',
      source: 'near',
      'source-layer': 'addresses',
      paint: {
        'circle-color': '#ffffff',
        'circle-radius': byZoom(13, 1.5, 18, 6),
        'circle-stroke-color': ['match', ['get', 'status'], 'retired', '#b6c0c9', '#66788a'],
        'circle-stroke-width': 1.4,
      },
    },
    {
      id: 'places-dot',
      type: 'circle',
      source: 'near',
      'source-layer': 'places',
      filter: ['==', ['geometry-type'], 'Point'],
      paint: {
        'circle-color': '#8a5a12',
        'circle-radius': byZoom(13, 2, 18, 6),
        'circle-stroke-color': '#ffffff',
        'circle-stroke-width': 1,
      },
    },
    {
      id: 'objects-dot',
      type: 'circle',
      source: 'near',
      'source-layer': 'objects',
      paint: {
        'circle-color': '#0f7273',
        'circle-radius': byZoom(13, 2, 18, 6),
        'circle-stroke-color': '#ffffff',
        'circle-stroke-width': 1,
      },
    },
    {
      id: 'persons-dot',
      type: 'circle',
      source: 'near',
      'source-layer': 'persons',
      paint: {
        'circle-color': ['case', ['!=', ['coalesce', ['get', 'status'], ''], ''], '#2f6fb3', '#17406d'],
        'circle-radius': byZoom(13, 2.5, 15, 5, 18, 9),
        'circle-stroke-color': '#ffffff',
        'circle-stroke-width': 1.5,
      },
    },
    {
      id: 'events-dot',
      type: 'circle',
      source: 'near',
      'source-layer': 'events',
      paint: {
        'circle-color': '#7a3e9d',
        'circle-radius': byZoom(13, 2, 18, 7),
        'circle-stroke-color': '#ffffff',
        'circle-stroke-width': 1,
      },
    },
    {
      id: 'alerts-dot',
      type: 'circle',
      source: 'alerts',
      'source-layer': 'alerts',
      filter: ['!', ['in', ['get', 'status'], ['literal', [...OFF_THE_MAP]]]],
      layout: { 'circle-sort-key': ['match', ['get', 'severity'], 'high', 3, 'medium', 2, 1] },
      paint: {
        'circle-color': [
          'match',
          ['get', 'severity'],
          'high',
          SEVERITY_COLOURS.high,
          'medium',
          SEVERITY_COLOURS.medium,
          SEVERITY_COLOURS.low,
        ],
        'circle-radius': byZoom(8, 2.5, 12, 5, 16, 8),
        'circle-stroke-color': '#ffffff',
        'circle-stroke-width': 1.5,
      },
    },
  ]
}

function nameLayers(): LayerSpecification[] {
  const halo = { 'text-halo-color': '#ffffff', 'text-halo-width': 1.6 } as const
  return [
    {
      id: 'cells-name',
      type: 'symbol',
      source: NAMES_SOURCE,
      minzoom: 14,
      filter: ['==', ['get', 'level'], 'cell'],
      layout: { ...label(12), 'text-field': ['get', 'name'] },
      paint: { 'text-color': '#3c6350', ...halo },
    },
    {
      id: 'divisions-village-name',
      type: 'symbol',
      source: NAMES_SOURCE,
      minzoom: 12,
      maxzoom: 16,
      filter: ['==', ['get', 'level'], 'village'],
      layout: { ...label(13), 'text-field': ['get', 'name'] },
      paint: { 'text-color': '#41505f', ...halo },
    },
    {
      id: 'divisions-town-name',
      type: 'symbol',
      source: NAMES_SOURCE,
      minzoom: 8,
      maxzoom: 13,
      filter: ['==', ['get', 'level'], 'town'],
      layout: { ...label(14), 'text-field': ['get', 'name'] },
      paint: { 'text-color': '#16222f', ...halo },
    },
  ]
}

/** The style's drawing layers whose tile layer the account may see; each is named `<tile layer>-<part>`. */
export function drawingLayers(allowed: TileLayer[], shown: ReadonlySet<TileLayer>): LayerSpecification[] {
  return [...groundLayers(), ...countLayers(), ...singleLayers(), ...nameLayers()]
    .filter((layer) => allowed.includes(tileLayerOf(layer)))
    .map((layer) => {
      const visibility = layer.id === 'divisions-ground' || shown.has(tileLayerOf(layer)) ? 'visible' : 'none'
      return { ...layer, layout: { ...layer.layout, visibility } } as LayerSpecification
    })
}

export function tileLayerOf(layer: LayerSpecification): TileLayer {
  return (layer.id.split('-')[0] ?? '') as TileLayer
}

/** What stands for several records: a click goes nearer. */
export const COUNTS = DOTS.map(({ name }) => `${name}-count`)

/** Points and areas that answer a click. */
export const CLICKABLE = ['alerts-dot', 'persons-dot', 'events-dot', 'objects-dot', 'places-dot', 'addresses-dot', 'places-area']
