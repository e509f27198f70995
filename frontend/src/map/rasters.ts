/** Rasters under the records, and the water over them: what may be chosen, and where the tiles come from. */
import type { OutsideMap, Raster } from '@/api/names'

/** One picture that can lie under the records. */
export interface Backdrop {
  id: string
  label: string
  raster: Pick<Raster, 'name' | 'bounds' | 'minzoom' | 'maxzoom' | 'attribution'>
  query: string
  /** of another server, through ours */
  outside?: boolean
}

/** Areas of the base map that would hide a picture under them. */
export const HIDING = ['base-land', 'base-water']

/** Of an elevation model both pictures are offered: the shape of the land, and its heights in colours. */
export function backdrops(rasters: Raster[]): Backdrop[] {
  return rasters.flatMap((raster) =>
    raster.kind === 'dem'
      ? [
          { id: `${raster.name}:hillshade`, label: `${raster.title}（山影）`, raster, query: '?style=hillshade' },
          { id: raster.name, label: `${raster.title}（分层设色）`, raster, query: '' },
        ]
      : [{ id: raster.name, label: raster.title, raster, query: '' }],
  )
}

/** Maps of other servers that this map can draw: Web Mercator, and not mere names, of which it has its own. */
export function outsideBackdrops(maps: OutsideMap[]): Backdrop[] {
  return maps
    .filter((one) => one.grid === 'w' && !one.overlay)
    .map(({ name, title, minzoom, maxzoom, attribution }) => ({
      id: `outside:${name}`,
      label: title,
      raster: { name, bounds: [-180, -85, 180, 85], minzoom, maxzoom, attribution },
      query: '',
      outside: true,
    }))
}

export function backdropUrl(origin: string, county: string, backdrop: Backdrop): string {
  const tiles = `${origin}/tiles/${encodeURIComponent(county)}`
  const name = encodeURIComponent(backdrop.raster.name)
  return backdrop.outside ? `${tiles}/outside/${name}/{z}/{x}/{y}` : `${tiles}/raster/${name}/{z}/{x}/{y}.webp${backdrop.query}`
}

export function floodUrl(origin: string, county: string, raster: Raster, level: number): string {
  return `${origin}/tiles/${encodeURIComponent(county)}/raster/${encodeURIComponent(raster.name)}/flood/${level}/{z}/{x}/{y}.png`
}

/** A water level as typed: metres, to a tenth; null when it is none. */
export function levelOf(text: string): number | null {
  const typed = text.trim().replace('，', '.').replace('。', '.')
  if (!/^-?\d{1,4}(\.\d+)?$/.test(typed)) return null
  const level = Math.round(Number(typed) * 10) / 10
  return level >= -500 && level <= 9000 ? level : null
}
