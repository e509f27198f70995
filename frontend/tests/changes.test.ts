import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AGAIN_MS, GATHER_MS, listen, merged, tileRange, touched, type Change } from '@/map/changes'

describe('which tiles a change touches', () => {
  it('knows the tiles under the bounds', () => {
    expect(tileRange([-180, -85, 180 - 1e-9, 85], 1)).toEqual([0, 0, 1, 1])
    expect(tileRange([120.0, 30.5, 120.01, 30.51], 14)).toEqual([13653, 6732, 13653, 6733])
  })
  it('finds the one tile over a point, and nothing outside the view', () => {
    const box: [number, number, number, number] = [218424, 107912, 218424, 107912]
    const view: [number, number, number, number] = [13650, 6740, 13655, 6750]
    expect(touched([box], 18, 14, view)).toEqual({ tiles: [{ z: 14, x: 13651, y: 6744 }], outside: false })
    expect(touched([box], 18, 14, [0, 0, 5, 5])).toEqual({ tiles: [], outside: true })
  })
  it('takes the neighbour too when a change lies on the edge', () => {
    const { tiles } = touched([[32, 40, 32, 40]], 18, 14, [0, 0, 9, 9])
    expect(tiles).toEqual([
      { z: 14, x: 1, y: 2 },
      { z: 14, x: 2, y: 2 },
    ])
  })
  it('is a tile for every box beyond the zoom of the boxes', () => {
    expect(touched([[4, 4, 4, 4]], 18, 19, [8, 8, 9, 9]).tiles).toHaveLength(4)
  })
  it('makes several changes one', () => {
    const one: Change = { zoom: 18, layers: { alerts: [[1, 1, 1, 1]] } }
    const two: Change = { zoom: 18, layers: { alerts: [[2, 2, 2, 2]], cells: [[3, 3, 3, 3]] } }
    expect(merged([one, two]).layers).toEqual({
      alerts: [
        [1, 1, 1, 1],
        [2, 2, 2, 2],
      ],
      cells: [[3, 3, 3, 3]],
    })
  })
})

class Line {
  static open: Line[] = []
  static readonly CLOSED = 2
  readyState = 1
  private listeners: Record<string, ((event: { data: string }) => void)[]> = {}
  constructor(readonly url: string) {
    Line.open.push(this)
  }
  addEventListener(name: string, listener: (event: { data: string }) => void) {
    ;(this.listeners[name] ??= []).push(listener)
  }
  say(change: Change) {
    for (const listener of this.listeners.change ?? []) listener({ data: JSON.stringify(change) })
  }
  /** The server refused: the browser gives it up. */
  refuse() {
    this.readyState = Line.CLOSED
    Line.open = Line.open.filter((line) => line !== this)
    for (const listener of this.listeners.error ?? []) listener({ data: '' })
  }
  close() {
    Line.open = Line.open.filter((line) => line !== this)
  }
}

describe('listening', () => {
  let hidden = false
  beforeEach(() => {
    vi.useFakeTimers()
    vi.stubGlobal('EventSource', Line)
    Line.open = []
    hidden = false
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden })
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })
  const change: Change = { zoom: 18, layers: { alerts: [[1, 1, 1, 1]] } }

  it('answers a burst once', () => {
    const changed = vi.fn()
    const listener = listen('/changes', changed, vi.fn())
    for (let turn = 0; turn < 5; turn++) Line.open[0]?.say(change)
    expect(changed).not.toHaveBeenCalled()
    vi.advanceTimersByTime(GATHER_MS)
    expect(changed).toHaveBeenCalledTimes(1)
    listener.stop()
    expect(Line.open).toEqual([])
  })
  it('asks again for a line that was refused, and for everything that came meanwhile', () => {
    const missed = vi.fn()
    const listener = listen('/changes', vi.fn(), missed)
    Line.open[0]?.refuse()
    expect(Line.open).toEqual([])
    vi.advanceTimersByTime(AGAIN_MS)
    expect(Line.open).toHaveLength(1)
    expect(missed).toHaveBeenCalledTimes(1)
    Line.open[0]?.refuse()
    listener.stop()
    vi.advanceTimersByTime(AGAIN_MS)
    expect(Line.open).toEqual([])
  })
  it('holds no line while nobody looks, and asks for everything afterwards', () => {
    const missed = vi.fn()
    const listener = listen('/changes', vi.fn(), missed)
    hidden = true
    document.dispatchEvent(new Event('visibilitychange'))
    expect(Line.open).toEqual([])
    hidden = false
    document.dispatchEvent(new Event('visibilitychange'))
    expect(Line.open).toHaveLength(1)
    expect(missed).toHaveBeenCalledTimes(1)
    listener.stop()
    document.dispatchEvent(new Event('visibilitychange'))
    expect(Line.open).toEqual([])
  })
})
