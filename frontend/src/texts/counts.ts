/** The counts of an import as labelled numbers, in the order people read them. */
import { countLabel } from './labels'

const ORDER = [
  'read',
  'rows',
  'total',
  'staged',
  'added',
  'new',
  'changed',
  'updated',
  'unchanged',
  'removed',
  'retired',
  'rejected',
  'warned',
  'review',
]
const rank = (name: string) => ORDER.indexOf(name) + 1 || ORDER.length + 1

/** What is odd about a whole file (`counts.questions`): it is published after a yes. mapping: the line that would mend it. */
export interface ImportQuestion {
  code: string
  share: number
  zh: string
  en: string
  column: string | null
  mapping: string | null
}

export interface LabelledCount {
  name: string
  label: string
  n: number
}

/** Empty cells of one column of the file: what became of the record's values. */
export interface EmptyCells {
  column: string
  words: string
}

const EMPTY = { kept: '保留原值', cleared: '清空', rejected: '退回' }

export function emptyCells(counts: Record<string, unknown>): EmptyCells[] {
  const columns = (counts.empty ?? {}) as Record<string, Record<keyof typeof EMPTY, number>>
  return Object.entries(columns).map(([column, cells]) => ({
    column,
    words: (Object.keys(EMPTY) as (keyof typeof EMPTY)[])
      .filter((what) => cells[what] > 0)
      .map((what) => `${EMPTY[what]} ${cells[what]}`)
      .join('，'),
  }))
}

export function importQuestions(counts: Record<string, unknown>): ImportQuestion[] {
  return (counts.questions ?? []) as ImportQuestion[]
}

export function importCounts(counts: Record<string, unknown>): LabelledCount[] {
  return Object.entries(counts)
    .filter((entry): entry is [string, number] => typeof entry[1] === 'number')
    .sort(([a], [b]) => rank(a) - rank(b))
    .map(([name, n]) => ({ name, label: countLabel(name), n }))
}
