import { describe, expect, it, vi } from 'vitest'
import type { CellCard } from '@/api/names'
import { CellCards, cellLines, cellOf, KEPT_MS } from '@/map/cells'

const card: CellCard = {
  code: '330521001001001',
  name: '永安一网格',
  level: 'cell',
  village: '千秋社区',
  workers: [
    { name: '王网格', duty: 'lead' },
    { name: '李网格', duty: 'member' },
  ],
  households: 42,
  open_alerts: { high: 1, medium: 0, low: 2 },
}

describe('the cell under the pointer', () => {
  it('is the finest of those that lie there, and has a name', () => {
    const found = [
      { properties: { id: '330521001001001', name: '永安一网格' } },
      { properties: { id: '33052100100100101', name: '一号楼' } },
      { properties: { id: '330521001001002' } },
    ]
    expect(cellOf(found)).toEqual({ code: '33052100100100101', name: '一号楼' })
    expect(cellOf([])).toBeNull()
  })
  it('is asked for once, until a while has passed or something changed', async () => {
    let now = 0
    const ask = vi.fn(() => Promise.resolve(card))
    const cards = new CellCards(ask, () => now)
    await Promise.all([cards.get('a'), cards.get('a')])
    expect(ask).toHaveBeenCalledTimes(1)
    now = KEPT_MS
    await cards.get('a')
    cards.forget()
    await cards.get('a')
    expect(ask).toHaveBeenCalledTimes(3)
  })
  it('is asked for again after a failure', async () => {
    const ask = vi.fn<() => Promise<CellCard>>().mockRejectedValueOnce(new Error('offline')).mockResolvedValue(card)
    const cards = new CellCards(ask)
    await expect(cards.get('a')).rejects.toThrow('offline')
    await expect(cards.get('a')).resolves.toBe(card)
  })
  it('says who is responsible, how many households, which alerts wait', () => {
    expect(cellLines(card)).toEqual(['网格员 王网格（协助 李网格）', '住户 42 户', '未办结预警 3（高 1，低 2）'])
    const bare = { ...card, workers: [], households: null, open_alerts: { high: 0, medium: 0, low: 0 } }
    expect(cellLines(bare)).toEqual(['没有网格员，或不在您的数据范围内', '没有未办结预警'])
  })
})
