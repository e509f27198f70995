/** A table read page by page: the first on asking, the next ones on demand, and nothing of a question asked before. */
import { ref, type Ref } from 'vue'
import type { Cursor } from '@/api/names'
import { tellError } from './notify'

export interface Page<Row> {
  rows: Row[]
  next: Cursor
}

/** read: the page after a cursor, or the first, of what was asked when load() was called. */
export function usePages<Row, Question>(current: () => Question, read: (question: Question, after: Cursor) => Promise<Page<Row>>) {
  const rows = ref(null) as Ref<Row[] | null>
  const next = ref<Cursor>(null)
  const error = ref<unknown>(null)
  const loadingMore = ref(false)
  let turn = 0
  let question: Question

  async function load(): Promise<void> {
    const mine = ++turn
    question = current()
    rows.value = null
    error.value = null
    try {
      const page = await read(question, null)
      if (mine !== turn) return // asked again meanwhile
      rows.value = page.rows
      next.value = page.next
    } catch (problem) {
      if (mine === turn) error.value = problem
    }
  }

  async function more(): Promise<void> {
    if (!rows.value || next.value === null || loadingMore.value) return
    const mine = turn
    loadingMore.value = true
    try {
      const page = await read(question, next.value)
      if (mine !== turn) return
      rows.value = [...rows.value, ...page.rows]
      next.value = page.next
    } catch (problem) {
      if (mine === turn) tellError(problem)
    } finally {
      loadingMore.value = false
    }
  }

  return { rows, next, error, loadingMore, load, more }
}
