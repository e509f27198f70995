/** The layers of the map: what they are called, what is shown at first, which of them a click finds. How they are drawn is in the served style. */

/** Tiles that a style may ask for: the base map, names, and the layers of records and outlines. */
export const TILE_LAYERS = [
  'base',
  'names',
  'divisions',
  'cells',
  'addresses',
  'parcels',
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
  shape: 'line' | 'fill' | 'dot' | 'ring' | 'square'
  /** shown at first; the others are one tap away in the legend */
  shown: boolean
  /** zoom from which it is drawn, told in the legend */
  from: number
  permission?: string
}

/** In the order of the legend; the map draws the last of them lowest. */
export const LAYERS: LayerInfo[] = [
  { name: 'alerts', label: '预警', shape: 'dot', shown: true, from: 0, permission: 'alerts.view' },
  { name: 'persons', label: '住户', shape: 'dot', shown: true, from: 13, permission: 'household.view' },
  { name: 'events', label: '事件', shape: 'dot', shown: false, from: 8 },
  { name: 'objects', label: '部件', shape: 'square', shown: false, from: 8 },
  { name: 'places', label: '场所房屋', shape: 'square', shown: false, from: 8 },
  { name: 'parcels', label: '承包地块', shape: 'square', shown: false, from: 13 },
  { name: 'addresses', label: '标准地址', shape: 'ring', shown: true, from: 13 },
  { name: 'cells', label: '网格', shape: 'fill', shown: true, from: 9 },
  { name: 'divisions', label: '行政区划', shape: 'line', shown: true, from: 0 },
  { name: 'base', label: '道路水系建筑', shape: 'line', shown: true, from: 5 },
]

/** The source of which only the layers that are switched on are asked for; one request carries them all. */
export const NEAR = 'near'

/** Points and areas that answer a click, and what stands for several records: there a click goes nearer. */
const RECORDS: TileLayer[] = ['alerts', 'persons', 'events', 'objects', 'places', 'parcels', 'addresses']
export const CLICKABLE = [...RECORDS.flatMap((name) => [`${name}-icon`, `${name}-dot`]), 'places-area', 'parcels-area']
export const COUNTS = RECORDS.flatMap((name) => [`${name}-count`, `${name}-count-number`])

/** Layers of a style are named `<tile layer>-<part>`. */
export function tileLayerOf(layer: { id: string }): TileLayer {
  return (layer.id.split('-')[0] ?? '') as TileLayer
}
