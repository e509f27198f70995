/** Which layers are on at first, and how the legend lists them. What they are and are called is in the catalogue, how they are drawn in the served style. */
import type { Catalogue } from '@/api/names'
import type { MapStyle } from './style'

/** Name of a tile that a style asks for: the base map, names, or a kind of record. */
export type TileLayer = string

/** Shown at first; the others are one tap away in the legend. */
const SHOWN_AT_FIRST: TileLayer[] = ['alerts', 'persons', 'addresses', 'cells', 'divisions', 'base']
/** Tiles that only some accounts look at, though more may ask for them. */
const NEEDED: Partial<Record<TileLayer, string>> = { alerts: 'alerts.view' }
/** Roads, waters and buildings are no kind of record: the catalogue does not know them. */
const BASE = { name: 'base', label: '道路水系建筑' }

export interface LegendLayer {
  name: TileLayer
  label: string
  sign: 'line' | 'fill' | 'icon'
  /** name in the sprite */
  icon: string | null
  /** zoom from which it is drawn */
  from: number
}

/** The source of which only the layers that are switched on are asked for; one request carries them all. */
export const NEAR = 'near'

export function shownAtFirst(may: (permission: string) => boolean): Set<TileLayer> {
  return new Set(SHOWN_AT_FIRST.filter((name) => may(NEEDED[name] ?? 'map.view')))
}

/** What the style carries and the account looks at, highest of the map first. */
export function legendLayers(style: MapStyle, catalogue: Catalogue | null, may: (permission: string) => boolean): LegendLayer[] {
  const carried = new Set(Object.values(style.carries).flat())
  const drawn = style.document.layers
  const kinds = (catalogue?.kinds ?? []).filter(({ name }) => carried.has(name) && may(NEEDED[name] ?? 'map.view'))
  const layers = kinds.map(({ name, noun, look, seen_from }): LegendLayer => {
    const sign = look ? 'icon' : drawn.some(({ id }) => id === `${name}-fill`) ? 'fill' : 'line'
    return { name, label: noun.zh, sign, icon: look?.icon ?? null, from: seen_from }
  })
  if (carried.has(BASE.name)) {
    const source = style.document.sources[BASE.name]
    const from = source && 'minzoom' in source ? (source.minzoom ?? 0) : 0
    layers.unshift({ ...BASE, sign: 'line', icon: null, from })
  }
  return layers.reverse()
}

/** Layers of a style are named `<tile layer>-<part>`. */
export function tileLayerOf(layer: { id: string }): TileLayer {
  return layer.id.split('-')[0] ?? ''
}

const isRecord = (style: MapStyle, name: TileLayer) => Boolean(style.colours.layers[name]) && name !== BASE.name
const partsOf = (style: MapStyle, parts: RegExp) =>
  style.document.layers.map(({ id }) => id).filter((id) => parts.test(id) && isRecord(style, id.split('-')[0] ?? ''))

/** Layers of the style that answer a click: points and areas of records. */
export const clickable = (style: MapStyle) => partsOf(style, /^\w+-(icon|dot|area)$/)
/** Layers of what stands for several records: a click goes nearer. */
export const counts = (style: MapStyle) => partsOf(style, /^\w+-count(-number)?$/)
