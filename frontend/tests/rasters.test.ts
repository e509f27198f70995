import { describe, expect, it } from 'vitest'
import type { Raster } from '@/api/names'
import { backdrops, backdropUrl, floodUrl, levelOf, outsideBackdrops } from '@/map/rasters'

const dem = {
  name: 'dem',
  title: '高程',
  kind: 'dem',
  bounds: [119, 30, 120, 31],
  minzoom: 8,
  maxzoom: 14,
  attribution: null,
} as unknown as Raster

describe('rasters on the map', () => {
  it('offers an elevation model as shade and as colours', () => {
    const offered = backdrops([dem, { ...dem, name: 'img', title: '影像', kind: 'imagery' }])
    expect(offered.map((one) => one.label)).toEqual(['高程（山影）', '高程（分层设色）', '影像'])
    expect(offered[0] && backdropUrl('http://x', '330521', offered[0])).toBe(
      'http://x/tiles/330521/raster/dem/{z}/{x}/{y}.webp?style=hillshade',
    )
    expect(backdrops([])).toEqual([])
  })
  it('offers maps of other servers that it can draw, through this one', () => {
    const map = {
      name: 'tianditu-img',
      title: '天地图影像',
      grid: 'w',
      overlay: false,
      minzoom: 1,
      maxzoom: 18,
      attribution: '天地图',
    } as const
    const found = outsideBackdrops([map, { ...map, name: 'tianditu-cva', overlay: true }, { ...map, name: 'tianditu-img-c', grid: 'c' }])
    expect(found.map((one) => one.label)).toEqual(['天地图影像'])
    expect(found[0] && backdropUrl('http://x', '330521', found[0])).toBe('http://x/tiles/330521/outside/tianditu-img/{z}/{x}/{y}')
    expect(outsideBackdrops([])).toEqual([])
  })
  it('asks for the water of a level', () => {
    expect(floodUrl('', '330521', dem, 12.5)).toBe('/tiles/330521/raster/dem/flood/12.5/{z}/{x}/{y}.png')
  })
  it('reads a level as people type it', () => {
    expect(levelOf(' 12.46 ')).toBe(12.5)
    expect(levelOf('-3')).toBe(-3)
    for (const wrong of ['', '十二', '12 m', '1e3', '99999', '9001']) expect(levelOf(wrong)).toBeNull()
  })
})
