/** What the HTTP interface takes and gives. Coordinates are lon, lat in CGCS2000 (EPSG:4490), degrees. */

export type Role =
  | 'grid_worker'
  | 'village_officer'
  | 'town_official'
  | 'gis_staff'
  | 'county_admin'
  | 'system_admin'
  | 'security_admin'
  | 'auditor'
/** what must be done before anything else works */
export type Due = 'password' | 'second_factor'
export type Severity = 'high' | 'medium' | 'low'
export type AlertStatus = 'open' | 'acknowledged' | 'assigned' | 'confirmed' | 'refuted' | 'closed' | 'cleared'
export type AlertAction = 'acknowledge' | 'assign' | 'verify' | 'settle' | 'close' | 'reopen'
export type Verdict = 'confirmed' | 'refuted'
export type Outcome = 'met' | 'nobody_home' | 'moved_away' | 'refused' | 'help_needed'
export type Facts = Record<string, unknown>

export interface Account {
  username: string
  display_name: string
  role: Role
  county: string
  county_name: string
  synthetic: boolean
  prefixes: string[]
  permissions: string[]
  /** what the server holds a form to */
  settings: { purpose_min: number }
  due: Due | null
}

export interface FailedBefore {
  failures: number
  last_at: string
  addresses: string[]
}

export interface Welcome extends Account {
  failed_before: FailedBefore | null
}

export interface Proof {
  password: string
  code: string | null
}

export interface SecondFactor {
  in_force: boolean
  required: boolean
  recovery_codes_left: number
}

export interface Enrolment {
  secret: string
  uri: string
  qr_svg: string
}

export interface OpenSession {
  id: number
  created_at: string
  last_seen_at: string
  address: string | null
  agent: string | null
  current: boolean
}

export interface Token {
  id: number
  name: string
  created_at: string
  last_used_at: string | null
  expires_at: string
}

/** An account as its administrators see it. */
export interface ListedAccount {
  username: string
  display_name: string
  role: Role | null
  prefixes: string[]
  disabled: boolean
  created_at: string
  signed_in_at: string | null
  must_change_password: boolean
  has_second_factor: boolean
  sessions: number
  tokens: number
  failures: number
  last_failure_at: string | null
  failure_addresses: string[]
  paused_lanes: number
  separated: boolean
}

export interface Overview {
  county: string
  name: string
  bounds: [number, number, number, number] | null
  totals: Record<string, number>
  alerts: {
    open_by_severity: Partial<Record<Severity, number>>
    by_status: Partial<Record<AlertStatus, number>>
    by_rule: { rule: string; title: string; n: number }[]
  }
  towns: { code: string; name: string }[]
}

export interface MatchReason {
  level: string
  kind: 'equal' | 'alias' | 'typo' | 'missing' | 'conflicting' | 'fallback'
  text: string
}

export interface Candidate {
  address_id: number
  code: string | null
  text: string
  depth: number
  lon: number | null
  lat: number | null
  grid_code: string
  confidence: number
  confidence_class: 'A' | 'B' | 'C'
  reasons: MatchReason[]
}

export interface PlaceName {
  id: number
  name: string
  kind: string
  aliases: string[]
  grid_code: string
  lon: number | null
  lat: number | null
  village: string | null
  town: string | null
}

export interface DivisionHit {
  code: string
  level: 'county' | 'town' | 'village'
  kind: string | null
  name: string
  town: string | null
  county: string | null
  former: string | null
  bounds: [number, number, number, number] | null
}

/** note: said when there is more than is shown. */
export interface AddressHits {
  candidates: Candidate[]
  divisions: DivisionHit[]
  place_names: PlaceName[]
  note: string | null
}

export interface FoundHousehold {
  id: number
  household_no: string
  head_name: string | null
  address_id: number | null
  address: string | null
  grid_code: string
  members_n: number
}

export interface AddressDetail {
  id: number
  code?: string | null
  full_text: string
  lon?: number | null
  lat?: number | null
  status?: string
  grid_code?: string | null
  cell?: { code: string; name: string } | null
  cell_name?: string | null
  households: FoundHousehold[]
  note?: string | null
}

export interface StatusCode {
  code: string
  label: string
}

export interface Member {
  person_id: number
  name: string
  sex: 'male' | 'female' | null
  age: number | null
  relation: string | null
  id_number_masked: string | null
  phone_masked: string | null
  status_codes: StatusCode[]
}

export interface Visit {
  id: number
  visited_at: string
  /** what the phone's clock said, where it was wrong and visited_at is the time of arrival */
  phone_time: string | null
  visitor: string
  outcome: Outcome
  outcome_label: string
  note: string | null
}

export interface Household {
  id: number
  household_no: string
  kind: string
  head_name: string | null
  address: { id: number; text: string; code: string | null; lon: number | null; lat: number | null } | null
  address_text: string | null
  grid_code: string
  cell_name: string | null
  responsible: { name: string; phone_masked: string | null }[]
  status_codes: StatusCode[]
  members: Member[]
  dwellings: { id: number; name: string; occupancy: string | null }[]
  visits: Visit[]
  alerts: { id: number; title: string; severity: Severity; status: AlertStatus; rule: string }[]
}

export interface VisitIn {
  client_uid: string
  visited_at: string
  outcome: Outcome
  note: string | null
}

/** One of the three; purpose after several numbers that found nobody. */
export type PersonQuery = ({ name: string } | { id_number: string } | { phone: string }) & { purpose?: string }

export interface FoundPerson {
  person_id: number
  name: string
  id_number_masked: string | null
  household_id: number | null
  grid_code: string
}

export interface Alert {
  id: number
  rule: string
  rule_title: string
  title: string
  severity: Severity
  status: AlertStatus
  version: number
  grid_code: string
  grid_name: string | null
  subject_kind: string
  subject_id: number | string | null
  household_id: number | null
  lon: number | null
  lat: number | null
  assignee: string | null
  assignee_name?: string | null
  first_raised_at: string
  last_raised_at: string
  /** since when what it says no longer holds */
  ceased_at: string | null
}

export interface AlertCounts {
  n: number
  by_severity: Record<Severity, number>
  by_status: Record<AlertStatus, number>
}

/** Whom an alert may be given to; hindrance: why a worker of its cell cannot be. */
export interface Assignee {
  username: string | null
  name: string
  role: Role | null
  posting: 'lead' | 'member' | null
  hindrance: string | null
}

export interface AlertHistoryItem {
  action: string
  action_label: string
  from_status: AlertStatus | null
  to_status: AlertStatus
  actor: string
  actor_name: string | null
  at: string
  reason: string | null
  evidence: unknown
}

export interface AlertDetail extends Alert {
  reason: string
  facts: Facts
  before: Facts | null
  after: Facts | null
  history: AlertHistoryItem[]
  /** alerts in sight that tell other sides of the same finding */
  related: { id: number; status: AlertStatus; grid_code: string; grid_name: string | null }[]
  /** alerts of the same finding that ended before, the latest first */
  earlier: { id: number; status: AlertStatus; first_raised_at: string; ceased_at: string }[]
  actions: AlertAction[]
}

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

export interface TransitionIn {
  action: AlertAction
  version: number
  assignee?: string
  verdict?: Verdict
  reason?: string
}

export interface Rule {
  name: string
  title: string
  severity: Severity
  description: string
}

export interface Mapping {
  name: string
  title: string
  target: string
  columns: string[]
}

export interface ImportBatch {
  id: number
  mapping: string
  target: string
  file_name: string
  state: 'staged' | 'checked' | 'published' | 'failed'
  counts: Record<string, unknown>
  error?: string | null
  created_by: string
  created_at: string
  published_at: string | null
}

/** What is odd about a whole file: it is published after a yes. mapping: the line that would mend it. */
export interface ImportQuestion {
  code: string
  share: number
  zh: string
  en: string
  column: string | null
  mapping: string | null
}

export interface ImportWarning {
  warning_code: string
  column_name: string | null
  warning: string
  rows_n: number
  rows: number[]
}

export interface ImportReport extends ImportBatch {
  rejects?: { reason_code: string; column_name?: string | null; reason: string; rows_n: number; first_row?: number | null }[]
  warnings?: ImportWarning[]
}

export interface Review {
  id: number
  address_id: number | null
  full_text: string | null
  reason_code: string
  reason: string
  facts: Facts
  status: string
  lon: number | null
  lat: number | null
  grid_code: string
}

export interface Change {
  id: number
  entity: string
  entity_id: string
  operation: 'added' | 'changed' | 'removed'
  fields: string[] | null
  before: Facts | null
  after: Facts | null
  actor: string
  at: string
  grid_code: string
}

export type Cursor = string | number | null

/** Who is below the water. */
export interface FloodCounts {
  households_n: number
  persons_n: number
  help_n: number
  deepest_m: number | null
}
export interface Flood {
  level_m: number
  total: FloodCounts
  cells: (FloodCounts & { code: string; name: string | null })[]
  unknown_households_n: number
  models: { name: string; title: string; resolution_m: number; replaced: boolean }[]
}
export interface FloodHousehold {
  id: number
  household_no: string
  head_name: string | null
  address: string | null
  cell_name: string | null
  lon: number | null
  lat: number | null
  depth_m: number
  persons_n: number
  help_n: number
  needs: { code: string; label: string }[]
}

/** A row of the audit trail. target names records, never personal values. */
export interface AuditAction {
  action: string
  label: string
}
export interface AuditEvent {
  id: number
  at: string
  actor: string
  action: string
  action_label: string
  target: string | null
  purpose: string | null
  allowed: boolean
  rows_n: number | null
  times: number
  grid_code: string | null
  county: string | null
  address: string | null
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
export interface AuditHead {
  chain: string
  number: number
  hash: string
  at: string | null
}
