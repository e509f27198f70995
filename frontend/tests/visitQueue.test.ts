import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ConnectionLost, Problem } from '@/api/client'
import type { Account } from '@/api/names'
import { useSession } from '@/stores/session'
import { resultOf, useVisitQueue } from '@/stores/visitQueue'
import { visitText } from '@/texts/visits'

let n = 0
const answers: (() => Response)[] = []
const sent: { client_uid: string; note: string | null }[] = []

function json(status: number, body: unknown, type = 'application/json') {
  return () => new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers: { 'Content-Type': type } })
}
function problem(status: number, kind: string, title: string) {
  return json(status, { type: `urn:onemap:problem:${kind}`, title, status }, 'application/problem+json')
}

beforeEach(() => {
  setActivePinia(createPinia())
  answers.length = sent.length = 0
  vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
    sent.push(JSON.parse(String(init.body)) as (typeof sent)[0])
    const answer = answers.shift()
    return answer ? Promise.resolve(answer()) : Promise.reject(new TypeError('Failed to fetch'))
  })
  n += 1
  useSession().settle({ username: `w${n}`, county: '330521', permissions: [] } as unknown as Account)
})

describe('what an answer means for a visit', () => {
  it.each([
    [new ConnectionLost(), true],
    [new Problem(401, '', ''), true],
    [new Problem(403, '', '', 'urn:onemap:problem:password-change-needed'), true],
    [new Problem(429, '', ''), true],
    [new Problem(503, '', ''), true],
    [new Problem(500, '', ''), false],
  ])('%s lets it wait', (error, stop) => {
    expect(resultOf(error)).toMatchObject({ stop })
  })

  it.each([400, 403, 404, 409, 413, 415, 422])('%s is told with its reason', (status) => {
    expect(resultOf(new Problem(status, '不行', '因为', 'urn:onemap:problem:x'))).toEqual({ refused: '不行：因为', kind: 'x' })
  })
})

describe('recording a visit', () => {
  it('is sent when the server says which visit it is', async () => {
    answers.push(json(201, { id: 7 }))
    expect(await useVisitQueue().record(1, 'met', '好')).toEqual({ state: 'sent' })
    expect(useVisitQueue().items).toEqual([])
  })

  it.each([
    ['the sign-in page of a network', json(200, '<html>请先登录</html>', 'text/html')],
    ['an empty answer', json(200, '')],
    ['a server in trouble', json(500, '')],
    ['no network', () => Promise.reject(new TypeError()) as never],
  ])('stays on the device after %s', async (_, answer) => {
    answers.push(answer)
    const queue = useVisitQueue()
    const result = await queue.record(1, 'met', '好')
    expect(result.state).toBe('waiting')
    expect(queue.items.map((one) => [one.note, one.tries])).toEqual([['好', 1]])
    expect(queue.of(1)).toHaveLength(1)
    answers.push(json(200, { id: 7 }))
    await queue.send()
    expect(queue.items).toEqual([])
    expect(new Set(sent.map((one) => one.client_uid)).size).toBe(1)
  })

  it('keeps what was refused, and saving again corrects it', async () => {
    answers.push(problem(422, 'request-invalid', '请求内容有误'))
    const queue = useVisitQueue()
    const result = await queue.record(1, 'met', '太长')
    expect(result).toMatchObject({ state: 'refused', why: '请求内容有误' })
    expect([queue.waitingN, queue.refusedN]).toEqual([0, 1])
    await queue.send() // nothing sends it by itself, nothing forgets it
    expect([sent.length, queue.refusedN]).toEqual([1, 1])
    answers.push(json(201, { id: 8 }))
    const uid = result.state === 'refused' ? result.uid : ''
    expect(await queue.correct(uid, 'met', '短')).toEqual({ state: 'sent' })
    expect(sent.map((one) => one.note)).toEqual(['太长', '短'])
    expect(queue.items).toEqual([])
  })
})

it('a visit can be handed over as text', async () => {
  answers.push(problem(404, 'household-not-found', '没有这一户'))
  const queue = useVisitQueue()
  await queue.record(42, 'help_needed', '屋顶漏水')
  const [kept] = queue.items
  if (!kept) throw new Error('it is gone')
  const text = visitText(kept)
  for (const part of ['住户编号 42', '需要帮助', '屋顶漏水', '没有这一户', kept.client_uid]) expect(text).toContain(part)
})
