/** Facts of an alert or a change as rows of a table: field, before, after. */
import type { Facts } from '@/api/names'
import { dateTime } from './format'
import { field, record_field } from './vocabulary.json'

const FIELDS: Record<string, string> = field
const OF_RECORD: Record<string, Record<string, string>> = record_field

/** What a column or the key of a fact is called. record: the table it is of, where that is known. */
export function fieldLabel(name: string, record = ''): string {
  return OF_RECORD[record]?.[name] ?? FIELDS[name] ?? name.replaceAll('_', ' ')
}

/** One value as text; nested ones are written out, nothing is dropped. */
export function factText(value: unknown): string {
  if (value === null || value === undefined || value === '') return '（空）'
  if (typeof value === 'boolean') return value ? '是' : '否'
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : String(Math.round(value * 1e6) / 1e6)
  if (typeof value === 'string') return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value) ? dateTime(value) : value
  if (Array.isArray(value)) return value.length ? value.map(factText).join('、') : '（空）'
  return Object.entries(value as Facts)
    .map(([name, inner]) => `${fieldLabel(name)} ${factText(inner)}`)
    .join('，')
}

export interface FactRow {
  name: string
  label: string
  value: string
}

export function factRows(facts: Facts | null | undefined): FactRow[] {
  return Object.entries(facts ?? {}).map(([name, value]) => ({ name, label: fieldLabel(name), value: factText(value) }))
}

export interface DifferenceRow {
  name: string
  label: string
  before: string
  after: string
  differs: boolean
}

/** Every field of either state, those that differ first. record: the table both states are of. */
export function differences(before: Facts | null | undefined, after: Facts | null | undefined, record = ''): DifferenceRow[] {
  // row numbers of the database (person_id) tell a reader nothing
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].filter((name) => !name.endsWith('_id'))
  const rows = names.map((name) => {
    const was = before && name in before ? factText(before[name]) : '—'
    const is = after && name in after ? factText(after[name]) : '—'
    return { name, label: fieldLabel(name, record), before: was, after: is, differs: was !== is }
  })
  return [...rows.filter((row) => row.differs), ...rows.filter((row) => !row.differs)]
}
