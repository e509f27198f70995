import { describe, expect, it } from 'vitest'
import type { AddressHits, Candidate } from '@/api/names'
import { isHouseholdNumber, searchItems, viewOf } from '@/map/search'

const candidate = (id: number, confidence: number): Candidate => ({
  address_id: id,
  code: `3305210010010000000${id}`,
  text: `永安街${id}号`,
  depth: 8,
  lon: 120,
  lat: 30,
  grid_code: '330521001001001',
  confidence,
  confidence_class: confidence >= 0.95 ? 'A' : confidence >= 0.75 ? 'B' : 'C',
  reasons: [],
})
const hits = (confidence: number): AddressHits => ({
  query: '',
  candidates: [candidate(1, confidence)],
  divisions: [
    {
      code: '330521001002',
      level: 'village',
      kind: '社区',
      name: '春晖社区',
      town: '武康街道',
      county: '德清县',
      former: '老桥村',
      bounds: null,
    },
    { code: '330521103206', level: 'village', kind: '村', name: '春晖村', town: '莫干山镇', county: '德清县', former: null, bounds: null },
  ],
  place_names: [
    { id: 9, name: '春晖桥', kind: 'landmark', aliases: [], grid_code: '330521', lon: 120, lat: 30, village: null, town: '武康街道' },
  ],
  note: null,
})

describe('what the search box lists', () => {
  it('puts divisions above addresses that only complete the text, and below those it says', () => {
    const kinds = (confidence: number) => searchItems(hits(confidence), [], true).map((one) => one.kind)
    expect(kinds(0.7)).toEqual(['division', 'division', 'address', 'place'])
    expect(kinds(0.96)).toEqual(['address', 'division', 'division', 'place'])
  })

  it('tells equal names apart by town, and says a former name', () => {
    const [first, second] = searchItems(hits(0.7), [], true)
    expect([first?.chip, first?.detail]).toEqual(['社区', '德清县 武康街道 · 原名 老桥村'])
    expect([second?.chip, second?.detail]).toEqual(['村', '德清县 莫干山镇'])
  })

  it('says nothing of how sure an address is that only completes the text', () => {
    const judged = { ...candidate(2, 0.96), reasons: [{ level: 'road', kind: 'equal' as const, text: '街路巷一致：永安街' }] }
    const chips = searchItems({ ...hits(0.7), candidates: [judged, candidate(1, 0.7)] }, [], false).map((one) => one.chip)
    expect(chips[0]).toMatch(/^A/)
    expect(chips[1]).toBe('')
  })

  it('offers a visit only addresses and households', () => {
    const household = { id: 3, household_no: 'H3', head_name: '张三', address_id: 1, address: '永安街1号', grid_code: '3', members_n: 2 }
    const items = searchItems(hits(0.7), [household], false)
    expect(items.map((one) => [one.kind, one.title])).toEqual([
      ['household', '张三（2 人）'],
      ['address', '永安街1号'],
    ])
  })
})

describe('what is a household number', () => {
  it.each(['H3399010068649', 'ｈ３３９９０１', '330521-77', '330521001'])('%s is one', (typed) => {
    expect(isHouseholdNumber(typed)).toBe(true)
  })
  it.each(['永安街12号', '33052119800101123X', '330521 19800101 1234', '+86 138-0000-0001', '13800000001', 'abcd', '12'])(
    '%s is none: a number of a person never stands in a URL',
    (typed) => {
      expect(isHouseholdNumber(typed)).toBe(false)
    },
  )
})

it('shows bounds as a whole', () => {
  const view = viewOf([120, 30, 120.1, 30.05])
  expect(view.lon).toBeCloseTo(120.05)
  expect(view.zoom).toBeGreaterThan(11)
  expect(view.zoom).toBeLessThan(13)
  expect(viewOf([120, 30, 120.1, 30.05], 400).zoom).toBeCloseTo(view.zoom - 1)
  expect(viewOf([120, 30, 120, 30]).zoom).toBe(16)
})
