/** The counts of an import as labelled numbers, in the order people read them. */
import { countLabel } from './labels'

const ORDER = ['read', 'rows', 'total', 'staged', 'added', 'new', 'changed', 'updated', 'unchanged', 'removed', 'retired', 'rejected']
const rank = (name: string) => (ORDER.indexOf(name) + 1 || ORDER.length + 1)

export interface LabelledCount {
  name: string
  label: string
  n: number
}

export function importCounts(counts: Record<string, unknown>): LabelledCount[] {
  return Object.entries(counts)
    .filter((entry): entry is [string, number] => typeof entry[1] === 'number')
    .sort(([a], [b]) => rank(a) - rank(b))
    .map(([name, n]) => ({ name, label: countLabel(name), n }))
}
