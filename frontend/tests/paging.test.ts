import { describe, expect, it, vi } from 'vitest'
import { usePages } from '@/components/paging'
import type { Cursor } from '@/api/names'

vi.mock('@/components/notify', () => ({ tellError: vi.fn() }))

type Wait = { question: string; after: Cursor; answer: (rows: number[], next: Cursor) => void; fail: () => void }
function table() {
  const waits: Wait[] = []
  const question = { now: 'a' }
  const pages = usePages<number, string>(
    () => question.now,
    (question, after) =>
      new Promise((resolve, reject) =>
        waits.push({ question, after, answer: (rows, next) => resolve({ rows, next }), fail: () => reject(new Error('x')) }),
      ),
  )
  return { waits, question, pages }
}

describe('a table read page by page', () => {
  it('adds the next page of the question that its rows answer', async () => {
    const { waits, question, pages } = table()
    const first = pages.load()
    waits[0]?.answer([1], 'c')
    await first
    question.now = 'typed, not asked'
    const second = pages.more()
    expect(waits[1]).toMatchObject({ question: 'a', after: 'c' })
    waits[1]?.answer([2], null)
    await second
    expect([pages.rows.value, pages.next.value, pages.loadingMore.value]).toEqual([[1, 2], null, false])
  })

  it('shows nothing of a question asked before', async () => {
    const { waits, question, pages } = table()
    const old = pages.load()
    question.now = 'b'
    const present = pages.load()
    waits[1]?.answer([2], null)
    waits[0]?.fail()
    await Promise.all([old, present])
    expect([pages.rows.value, pages.error.value]).toEqual([[2], null])
  })

  it('drops a next page that comes after another question', async () => {
    const { waits, question, pages } = table()
    const first = pages.load()
    waits[0]?.answer([1], 'c')
    await first
    const late = pages.more()
    question.now = 'b'
    const second = pages.load()
    waits[2]?.answer([9], null)
    waits[1]?.answer([2], 'd')
    await Promise.all([late, second])
    expect([pages.rows.value, pages.next.value]).toEqual([[9], null])
  })
})
