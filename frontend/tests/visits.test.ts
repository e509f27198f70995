import { describe, expect, it } from 'vitest'
import {
  correctVisit,
  discardVisit,
  keepVisit,
  listVisits,
  newUid,
  newVisit,
  sendVisits,
  UID_TAKEN,
  type WaitingVisit,
} from '@/offline/visits'

let n = 0
function visit(over: Partial<WaitingVisit> = {}): WaitingVisit {
  n += 1
  const made = newVisit({
    client_uid: newUid(),
    county: '330521',
    username: `worker-${n}`,
    household_id: n,
    outcome: 'met',
    note: null,
    visited_at: `2026-11-23T10:00:${String(n).padStart(2, '0')}+08:00`,
  })
  return { ...made, ...over }
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
      [
        ...['client_uid', 'county', 'household_id', 'note', 'outcome', 'username', 'visited_at'],
        ...['refused', 'refused_kind', 'tries', 'last_try_at', 'last_problem'],
      ].sort(),
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
      return Promise.resolve(connected ? ('sent' as const) : { later: '没有网络', stop: true })
    }
    expect(await sendVisits(one.county, one.username, send)).toEqual([])
    const [waits] = await listVisits(one.county, one.username)
    expect([waits?.tries, waits?.last_problem, waits?.refused]).toEqual([1, '没有网络', null])
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
      Promise.resolve(household === bad.household_id ? { refused: '没有找到', kind: 'household-not-found' } : 'sent'),
    )
    const left = await listVisits(bad.county, bad.username)
    expect(left.map((one) => [one.client_uid, one.refused])).toEqual([[bad.client_uid, '没有找到']])
    await discardVisit(bad.client_uid)
    expect(await listVisits(bad.county, bad.username)).toEqual([])
  })

  it('lets no failing visit hold up the next, and none go', async () => {
    const bad = visit()
    const good = visit({ username: bad.username })
    await keepVisit(bad)
    await keepVisit(good)
    for (const tries of [1, 2]) {
      await sendVisits(bad.county, bad.username, (household) =>
        Promise.resolve(household === bad.household_id ? { later: '服务器出错', stop: false } : 'sent'),
      )
      const left = await listVisits(bad.county, bad.username)
      expect(left.map((one) => [one.client_uid, one.tries])).toEqual([[bad.client_uid, tries]])
    }
  })

  it('corrects a refused visit as the same visit, with another number only where that was taken', async () => {
    for (const [kind, same] of [
      ['request-invalid', true],
      [UID_TAKEN, false],
    ] as const) {
      const one = visit({ refused: '不行', refused_kind: kind })
      await keepVisit(one)
      const uid = await correctVisit(one.client_uid, 'refused', '改过的')
      expect(uid === one.client_uid).toBe(same)
      const left = await listVisits(one.county, one.username)
      expect(left).toHaveLength(1)
      expect(left[0]).toMatchObject({ client_uid: uid, note: '改过的', refused: null, visited_at: one.visited_at })
    }
  })

  it('changes nothing that merely waits: the server may have it', async () => {
    const one = visit({ note: '原文' })
    await keepVisit(one)
    expect(await correctVisit(one.client_uid, 'met', '改过的')).toBeNull()
    expect((await listVisits(one.county, one.username))[0]?.note).toBe('原文')
  })

  it('does not bring back what another tab sent meanwhile', async () => {
    const one = visit()
    await keepVisit(one)
    await sendVisits(one.county, one.username, async () => {
      await discardVisit(one.client_uid)
      return { later: '没有网络', stop: true }
    })
    expect(await listVisits(one.county, one.username)).toEqual([])
  })

  it('reads what an earlier version of the app kept', async () => {
    const { client_uid, county, username, household_id, outcome, note, visited_at } = visit()
    await keepVisit({ client_uid, county, username, household_id, outcome, note, visited_at, refused: null } as WaitingVisit)
    expect((await listVisits(county, username))[0]).toMatchObject({ client_uid, tries: 0, last_problem: null })
  })
})
