/**
 * Where the names of areas stand. Tiles cut an area into pieces, and a label on each piece would repeat its name; so the
 * pieces that are loaded are gathered and each name is put once, at their common centroid.
 */
import type { Feature, FeatureCollection, Point, Position } from 'geojson'

export interface Piece {
  id: string
  level: string
  name: string
  /** rings of one polygon, or polygons of several; only outer rings count */
  outlines: Position[][]
}

interface Sum {
  area: number
  x: number
  y: number
  piece: Piece
}

/** Twice the signed area, and the centroid times it (shoelace formula), in the units of the ring. */
function ringSums(ring: Position[]): { area: number; x: number; y: number } {
  let area = 0
  let x = 0
  let y = 0
  for (let i = 0; i + 1 < ring.length; i++) {
    const [x0 = 0, y0 = 0] = ring[i] ?? []
    const [x1 = 0, y1 = 0] = ring[i + 1] ?? []
    const cross = x0 * y1 - x1 * y0
    area += cross
    x += (x0 + x1) * cross
    y += (y0 + y1) * cross
  }
  return { area, x, y }
}

/** One point with `level` and `name` for each area, in a stable order. */
export function namePoints(pieces: Piece[]): FeatureCollection<Point> {
  const sums = new Map<string, Sum>()
  for (const piece of pieces) {
    if (!piece.name) continue
    const sum = sums.get(piece.id) ?? { area: 0, x: 0, y: 0, piece }
    for (const ring of piece.outlines) {
      const part = ringSums(ring)
      const sign = part.area < 0 ? -1 : 1
      sum.area += part.area * sign
      sum.x += part.x * sign
      sum.y += part.y * sign
    }
    sums.set(piece.id, sum)
  }
  const features = [...sums.entries()]
    .filter(([, sum]) => sum.area > 0)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([, { area, x, y, piece }]): Feature<Point> => {
      const round = (value: number) => Math.round(value * 1e5) / 1e5
      return {
        type: 'Feature',
        properties: { level: piece.level, name: piece.name },
        geometry: { type: 'Point', coordinates: [round(x / (3 * area)), round(y / (3 * area))] },
      }
    })
  return { type: 'FeatureCollection', features }
}
