/** What changed on the tiles, told by the server as it happens: which tiles of the open map to ask for again. */

/** First column, first row, last column, last row: tile numbers. */
export type Box = [number, number, number, number]
export interface Change {
  zoom: number
  layers: Record<string, Box[]>
}
export interface TileId {
  z: number
  x: number
  y: number
}
/** West, south, east, north in degrees. */
export type Bounds = [number, number, number, number]

/** Changes that come within this time are answered together, milliseconds. */
export const GATHER_MS = 1000
/** A stream that was refused is asked for again after this time, milliseconds. */
export const AGAIN_MS = 5000
/** Outlines are drawn a little beyond the edge of their tile. */
const MARGIN = 1 / 64

/** The tiles of a zoom under the bounds, both ends inside (Web Mercator, XYZ). */
export function tileRange([west, south, east, north]: Bounds, z: number): Box {
  const n = 2 ** z
  const column = (lon: number) => Math.floor(((lon + 180) / 360) * n)
  const row = (lat: number) => {
    const phi = (Math.max(-85.05, Math.min(85.05, lat)) * Math.PI) / 180
    return Math.floor(((1 - Math.asinh(Math.tan(phi)) / Math.PI) / 2) * n)
  }
  return [column(west), row(north), column(east), row(south)]
}

/** The tiles of a zoom inside `view` that show one of the boxes, and whether a box also lies outside it. */
export function touched(boxes: Box[], boxZoom: number, z: number, view: Box): { tiles: TileId[]; outside: boolean } {
  const scale = 2 ** (z - boxZoom)
  const found = new Map<string, TileId>()
  let outside = false
  for (const [left, top, right, bottom] of boxes) {
    const x0 = Math.floor(left * scale - MARGIN)
    const y0 = Math.floor(top * scale - MARGIN)
    const x1 = Math.floor((right + 1) * scale + MARGIN - 1e-9)
    const y1 = Math.floor((bottom + 1) * scale + MARGIN - 1e-9)
    if (x0 < view[0] || y0 < view[1] || x1 > view[2] || y1 > view[3]) outside = true
    for (let x = Math.max(x0, view[0]); x <= Math.min(x1, view[2]); x++)
      for (let y = Math.max(y0, view[1]); y <= Math.min(y1, view[3]); y++) found.set(`${x}/${y}`, { z, x, y })
  }
  return { tiles: [...found.values()], outside }
}

/** Several changes as one. */
export function merged(changes: Change[]): Change {
  const layers: Record<string, Box[]> = {}
  for (const change of changes) for (const [layer, boxes] of Object.entries(change.layers)) (layers[layer] ??= []).push(...boxes)
  return { zoom: changes[0]?.zoom ?? 18, layers }
}

export interface Listener {
  stop(): void
}

/**
 * Listen while the page is seen. `changed` gets what came within a second; `missed` is called when the page is seen again:
 * nobody listened meanwhile, so everything may have changed. A broken line is mended by the browser, from where it broke off.
 */
export function listen(url: string, changed: (change: Change) => void, missed: () => void): Listener {
  let line: EventSource | null = null
  let waiting: Change[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let again: ReturnType<typeof setTimeout> | undefined

  function tell(): void {
    timer = undefined
    const change = merged(waiting)
    waiting = []
    changed(change)
  }
  function open(): void {
    line = new EventSource(url)
    line.addEventListener('change', (event) => {
      waiting.push(JSON.parse((event as MessageEvent<string>).data) as Change)
      timer ??= setTimeout(tell, GATHER_MS)
    })
    // a browser gives a stream up for good when it is refused, as with 503 while the database is away
    line.addEventListener('error', () => {
      if (line?.readyState !== EventSource.CLOSED) return
      clearTimeout(again)
      again = setTimeout(() => {
        if (!line) return
        open()
        missed()
      }, AGAIN_MS)
    })
  }
  function close(): void {
    clearTimeout(again)
    line?.close()
    line = null
    clearTimeout(timer)
    timer = undefined
    waiting = []
  }
  function seenOrHidden(): void {
    if (document.hidden) close()
    else if (!line) {
      open()
      missed()
    }
  }

  document.addEventListener('visibilitychange', seenOrHidden)
  if (!document.hidden) open()
  return {
    stop() {
      document.removeEventListener('visibilitychange', seenOrHidden)
      close()
    },
  }
}
