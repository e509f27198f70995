/** The counts of an import as labelled numbers, in the order people read them. */
import { empty_cells, import_count } from './vocabulary.json'

const LABELS: Record<string, string> = import_count
const ORDER = Object.keys(LABELS)
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

export function emptyCells(counts: Record<string, unknown>): EmptyCells[] {
  const columns = (counts.empty ?? {}) as Record<string, Record<keyof typeof empty_cells, number>>
  return Object.entries(columns).map(([column, cells]) => ({
    column,
    words: (Object.keys(empty_cells) as (keyof typeof empty_cells)[])
      .filter((what) => cells[what] > 0)
      .map((what) => `${empty_cells[what]} ${cells[what]}`)
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
    .map(([name, n]) => ({ name, label: LABELS[name] ?? name, n }))
}
