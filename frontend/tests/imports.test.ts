import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ImportBatch } from '@/api/names'
import { Problem } from '@/api/client'
import { followImport, LOOK_MS } from '@/components/follow'
import { progressText, underWay } from '@/texts/imports'

const batch = (over: Partial<ImportBatch>): ImportBatch =>
  ({ id: 1, state: 'staged', stage: 'match', rows_done: 0, rows_total: null, cancelled_by: null, ...over }) as ImportBatch

describe('what an import under way says', () => {
  it('names the stage and the rows as far as they are known', () => {
    expect(progressText(batch({ state: 'waiting', stage: null }))).toBe('排队等待处理')
    expect(progressText(batch({ stage: 'read', rows_done: 5000 }))).toBe('读取并标准化 5,000 行')
    expect(progressText(batch({ rows_done: 1200, rows_total: 3000 }))).toBe('匹配 1,200 / 3,000 行')
    expect(progressText(batch({ stage: 'publish', rows_total: 3000 }))).toBe('发布')
    expect(progressText(batch({ cancelled_by: 'li' }))).toBe('正在取消…')
  })
  it('is under way until it has ended', () => {
    expect(
      ['waiting', 'staged', 'checked', 'published', 'failed', 'cancelled'].filter((state) => underWay({ state } as ImportBatch)),
    ).toEqual(['waiting', 'staged'])
  })
})

describe('following an import', () => {
  beforeEach(() => vi.useFakeTimers())
  afterEach(() => vi.useRealTimers())

  it('looks again until the end, also after a look that failed', async () => {
    const looks = [batch({}), new TypeError('network'), batch({ rows_done: 2 }), batch({ state: 'published' })]
    const seen: string[] = []
    const look = vi.fn(() => {
      const next = looks.shift()
      return next instanceof Error || !next ? Promise.reject(next ?? new Error('one too many')) : Promise.resolve(next)
    })
    const end = followImport(look, (one) => seen.push(one.state), new AbortController().signal)
    await vi.advanceTimersByTimeAsync(10 * LOOK_MS)
    expect((await end).state).toBe('published')
    expect(seen).toEqual(['staged', 'staged', 'published'])
    expect(look).toHaveBeenCalledTimes(4)
  })
  it('stops when nobody watches any more, and when it may not look', async () => {
    const page = new AbortController()
    const end = followImport(() => Promise.resolve(batch({})), vi.fn(), page.signal)
    const stopped = expect(end).rejects.toThrow()
    await vi.advanceTimersByTimeAsync(2 * LOOK_MS)
    page.abort()
    await stopped
    await expect(followImport(() => Promise.reject(new Problem(404, '没有', '')), vi.fn(), new AbortController().signal)).rejects.toThrow()
  })
})
