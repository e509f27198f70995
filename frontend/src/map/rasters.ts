/** Rasters under the records, and the water over them: what may be chosen, and where the tiles come from. */
import type { Raster } from '@/api/names'

/** One picture that can lie under the records. */
export interface Backdrop {
  id: string
  label: string
  raster: Raster
  query: string
}

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

export function backdropUrl(origin: string, county: string, backdrop: Backdrop): string {
  return `${origin}/tiles/${encodeURIComponent(county)}/raster/${encodeURIComponent(backdrop.raster.name)}/{z}/{x}/{y}.webp${backdrop.query}`
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
