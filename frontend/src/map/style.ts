/** The served style (docs/style.md) as this map shows it: from this address, with the layers that are switched on. */
import type { LayerSpecification, StyleSpecification } from 'maplibre-gl'
import { NEAR, tileLayerOf, type TileLayer } from './layers'

export const THEMES = { light: '浅色', dark: '深色', contrast: '高对比度' } as const
export type Theme = keyof typeof THEMES

/** Colours that the legend shares with the map. */
export interface LegendColours {
  layers: Partial<Record<TileLayer, string>>
  severity: Record<'high' | 'medium' | 'low', string>
  /** what is looked at */
  focus: { glow: string; ring: string }
  /** open alerts in a cell from so many on, and the shade of it */
  shades: { from: number; colour: string }[]
}

/** A style, and per source the tile layers it carries. */
export interface MapStyle {
  document: StyleSpecification
  carries: Record<string, TileLayer[]>
  colours: LegendColours
}

const STORED = 'onemap.map-theme'

/** The theme this device was left with. */
export function storedTheme(): Theme {
  const found = localStorage.getItem(STORED)
  return found !== null && found in THEMES ? (found as Theme) : 'light'
}

export function storeTheme(theme: Theme): void {
  localStorage.setItem(STORED, theme)
}

/** Ask for the style of a theme. */
export async function fetchStyle(county: string, theme: Theme): Promise<MapStyle> {
  const response = await fetch(`/tiles/${encodeURIComponent(county)}/style/${theme}.json`)
  if (!response.ok) throw new Error(`style ${response.status}`)
  return readStyle((await response.json()) as StyleSpecification, location.origin)
}

/** A style document, its addresses at the origin of this page whatever name the server goes by. */
export function readStyle(document: StyleSpecification, origin: string): MapStyle {
  const here = (url: string) => url.replace(/^https?:\/\/[^/]+/, origin)
  const carries: Record<string, TileLayer[]> = {}
  const sources = Object.fromEntries(
    Object.entries(document.sources).map(([id, source]) => {
      const tiles = 'tiles' in source && source.tiles ? source.tiles.map(here) : []
      carries[id] = (tiles[0]?.match(/\/tiles\/[^/]+\/([^/]+)\/\{z\}/)?.[1]?.split(',') ?? []) as TileLayer[]
      return [id, { ...source, tiles } as StyleSpecification['sources'][string]]
    }),
  )
  const metadata = document.metadata as { 'onemap:legend': LegendColours }
  const sprite = typeof document.sprite === 'string' ? here(document.sprite) : document.sprite
  return {
    document: { ...document, sources, ...(sprite && { sprite }), ...(document.glyphs && { glyphs: here(document.glyphs) }) },
    carries,
    colours: metadata['onemap:legend'],
  }
}

/** The address of tiles; `version` makes the map ask again after a change. */
export function tileUrl(origin: string, county: string, layers: TileLayer[], version = 0): string {
  const suffix = version ? `?v=${version}` : ''
  return `${origin}/tiles/${encodeURIComponent(county)}/${layers.join(',')}/{z}/{x}/{y}.mvt${suffix}`
}

/** What a source asks for: of those seen from near only the layers that are switched on, but never for nothing. */
export function requestedLayers(style: MapStyle, source: string, shown: ReadonlySet<TileLayer>): TileLayer[] {
  const layers = style.carries[source] ?? []
  if (source !== NEAR) return layers
  const on = layers.filter((layer) => shown.has(layer))
  return on.length ? on : layers.slice(0, 1)
}

/** Whether a layer of the style is drawn: the ground always is. */
export function isVisible(layer: LayerSpecification, shown: ReadonlySet<TileLayer>): boolean {
  return layer.type === 'background' || layer.id.endsWith('-ground') || shown.has(tileLayerOf(layer))
}

/** The document to draw: what is switched off is hidden and not asked for; `above` is drawn over everything. */
export function arranged(
  style: MapStyle,
  origin: string,
  county: string,
  shown: ReadonlySet<TileLayer>,
  above: Pick<StyleSpecification, 'sources' | 'layers'>,
): StyleSpecification {
  const sources = Object.fromEntries(
    Object.entries(style.document.sources).map(([id, source]) => [
      id,
      { ...source, tiles: [tileUrl(origin, county, requestedLayers(style, id, shown))] } as StyleSpecification['sources'][string],
    ]),
  )
  const layers = style.document.layers.map((layer) => {
    const visibility = isVisible(layer, shown) ? 'visible' : 'none'
    return { ...layer, layout: { ...layer.layout, visibility } } as LayerSpecification
  })
  return { ...style.document, sources: { ...sources, ...above.sources }, layers: [...layers, ...above.layers] }
}
