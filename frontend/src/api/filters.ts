/** What the pages let people choose; `county.ts` makes the query of it. Nothing chosen is an empty text. */
import type { AlertStatus, Severity } from './names'

export interface AlertFilter {
  status: AlertStatus[]
  severity: Severity[]
  rule: string
  grid: string
  q: string
  /** first raised on this day or later, YYYY-MM-DD */
  newSince: string
  assignee: string
  unassigned: boolean
}

export interface AuditFilter {
  trail: 'county' | 'platform'
  actor: string
  action: string
  target: string
  address: string
  allowed: '' | 'true' | 'false'
  from: string
  to: string
}
