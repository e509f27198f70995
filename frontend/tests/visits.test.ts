import { describe, expect, it } from 'vitest'
import { discardVisit, keepVisit, listVisits, newUid, sendVisits, type WaitingVisit } from '@/offline/visits'

let n = 0
function visit(over: Partial<WaitingVisit> = {}): WaitingVisit {
  n += 1
  return {
    client_uid: newUid(),
    county: '330521',
    username: `worker-${n}`,
    household_id: n,
    outcome: 'met',
    note: null,
    visited_at: `2026-11-23T10:00:${String(n).padStart(2, '0')}+08:00`,
    refused: null,
    ...over,
  }
}

describe('the queue of visits', () => {
  it('makes version-4 identifiers without a secure context', () => {
    const uids = new Set(Array.from({ length: 100 }, newUid))
    expect(uids.size).toBe(100)
    for (const uid of uids) expect(uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  it('keeps nothing of the household but its number', async () => {
    const one = visit()
    await keepVisit(one)
    const [kept] = await listVisits(one.county, one.username)
    expect(Object.keys(kept ?? {}).sort()).toEqual(
      ['client_uid', 'county', 'household_id', 'note', 'outcome', 'refused', 'username', 'visited_at'].sort(),
    )
  })

  it('is seen only by the account that recorded it', async () => {
    const one = visit()
    await keepVisit(one)
    expect(await listVisits(one.county, 'someone-else')).toEqual([])
    expect(await listVisits('330522', one.username)).toEqual([])
  })

  it('sends the oldest first and forgets what the server has', async () => {
    const first = visit()
    const second = visit({ username: first.username })
    await keepVisit(second)
    await keepVisit(first)
    const order: number[] = []
    const sent = await sendVisits(first.county, first.username, (household) => {
      order.push(household)
      return Promise.resolve('sent')
    })
    expect(order).toEqual([first.household_id, second.household_id])
    expect(sent).toHaveLength(2)
    expect(await listVisits(first.county, first.username)).toEqual([])
  })

  it('stops at a lost connection and sends the same client_uid again', async () => {
    const one = visit()
    await keepVisit(one)
    const uids: string[] = []
    let connected = false
    const send = (_: number, body: { client_uid: string }) => {
      uids.push(body.client_uid)
      return Promise.resolve(connected ? ('sent' as const) : ('later' as const))
    }
    expect(await sendVisits(one.county, one.username, send)).toEqual([])
    expect(await listVisits(one.county, one.username)).toHaveLength(1)
    connected = true
    expect(await sendVisits(one.county, one.username, send)).toHaveLength(1)
    expect(uids).toEqual([one.client_uid, one.client_uid])
  })

  it('keeps a refused visit with the reason and goes on with the next', async () => {
    const bad = visit()
    const good = visit({ username: bad.username })
    await keepVisit(bad)
    await keepVisit(good)
    await sendVisits(bad.county, bad.username, (household) =>
      Promise.resolve(household === bad.household_id ? { refused: '没有找到' } : 'sent'),
    )
    const left = await listVisits(bad.county, bad.username)
    expect(left.map((one) => [one.client_uid, one.refused])).toEqual([[bad.client_uid, '没有找到']])
    await discardVisit(bad.client_uid)
    expect(await listVisits(bad.county, bad.username)).toEqual([])
  })
})
