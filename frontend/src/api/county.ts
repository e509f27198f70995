/** Calls of one county's interface. The county is that of the signed-in account. */
import { queryOf, request, type QueryValue } from './client'
import type {
  Account,
  AddressDetail,
  Alert,
  AlertCounts,
  AlertDetail,
  AlertFilter,
  Assignee,
  AuditAction,
  AuditEvent,
  AuditFilter,
  AuditHead,
  AddressHits,
  Change,
  Cursor,
  Enrolment,
  Flood,
  FloodHousehold,
  FoundHousehold,
  FoundPerson,
  Household,
  ImportBatch,
  ImportReport,
  ListedAccount,
  Mapping,
  OpenSession,
  Overview,
  PersonQuery,
  Proof,
  Review,
  Role,
  Rule,
  SecondFactor,
  Token,
  TransitionIn,
  Visit,
  VisitIn,
  Welcome,
} from './types'
import type { Raster } from '@/map/rasters'

/** Lists come bare or in an envelope named after them. */
export function listIn<T>(answer: T[] | Record<string, unknown>, name: string): T[] {
  if (Array.isArray(answer)) return answer
  const inner = answer[name]
  return Array.isArray(inner) ? (inner as T[]) : []
}

export const session = {
  current: () => request<Account>('/api/session', { quietUnauthorized: true }),
  stillSignedIn: () => request<Account>('/api/session'),
  signIn: (username: string, password: string, code: string | null) =>
    request<Welcome>('/api/session', { method: 'POST', json: { username, password, code }, quietUnauthorized: true }),
  signOut: () => request<null>('/api/session', { method: 'DELETE', quietUnauthorized: true }),
}

/** One's own account: password, second factor, sessions, tokens. */
export const ownAccount = {
  changePassword: (password: string, new_password: string) =>
    request<Account>('/api/session/password', { method: 'PUT', json: { password, new_password } }),
  secondFactor: () => request<SecondFactor>('/api/session/second-factor'),
  beginSecondFactor: (proof: Proof) => request<Enrolment>('/api/session/second-factor', { method: 'POST', json: proof }),
  confirmSecondFactor: async (code: string) =>
    (await request<{ codes: string[] }>('/api/session/second-factor', { method: 'PUT', json: { code } })).codes,
  removeSecondFactor: (proof: Proof) => request<null>('/api/session/second-factor/removal', { method: 'POST', json: proof }),
  newRecoveryCodes: async (proof: Proof) =>
    (await request<{ codes: string[] }>('/api/session/second-factor/recovery-codes', { method: 'POST', json: proof })).codes,
  sessions: () => request<OpenSession[]>('/api/session/sessions'),
  endSession: (id: number) => request<null>(`/api/session/sessions/${id}`, { method: 'DELETE' }),
  endOtherSessions: () => request<null>('/api/session/sessions', { method: 'DELETE' }),
  tokens: () => request<Token[]>('/api/session/tokens'),
  createToken: async (name: string, days: number, proof: Proof) =>
    (await request<{ token: string }>('/api/session/tokens', { method: 'POST', json: { name, days, ...proof } })).token,
  revokeToken: (id: number) => request<null>(`/api/session/tokens/${id}`, { method: 'DELETE' }),
}

/** The accounts of the county, for their administrators. */
export const accounts = {
  list: () => request<ListedAccount[]>('/api/accounts'),
  divisions: (under: string | null) => request<{ code: string; name: string }[]>(`/api/accounts/divisions${queryOf({ under })}`),
  create: (username: string, display_name: string) =>
    request<{ username: string }>('/api/accounts', { method: 'POST', json: { username, display_name } }),
  /** seen: role and scope as the administrator saw them; 409 when somebody changed them meanwhile */
  grant: async (username: string, role: Role, prefixes: string[], seen: Pick<ListedAccount, 'role' | 'prefixes'>) => {
    const json = { role, prefixes, seen: { role: seen.role, prefixes: seen.prefixes } }
    return (await request<{ password: string | null }>(`${account(username)}/grant`, { method: 'PUT', json })).password
  },
  setDisabled: (username: string, disabled: boolean) =>
    request<null>(`${account(username)}/${disabled ? 'disable' : 'enable'}`, { method: 'POST' }),
  unlock: (username: string) => request<unknown>(`${account(username)}/unlock`, { method: 'POST' }),
  resetPassword: async (username: string) =>
    (await request<{ password: string }>(`${account(username)}/password-reset`, { method: 'POST' })).password,
  resetSecondFactor: (username: string) => request<unknown>(`${account(username)}/second-factor-reset`, { method: 'POST' }),
  endSessions: (username: string) => request<unknown>(`${account(username)}/sessions`, { method: 'DELETE' }),
  revokeTokens: (username: string) => request<unknown>(`${account(username)}/tokens`, { method: 'DELETE' }),
}

function account(username: string): string {
  return `/api/accounts/${encodeURIComponent(username)}`
}

export function filterQuery(filter: AlertFilter): Record<string, QueryValue> {
  const { status, severity, rule, grid, assignee } = filter
  const unassigned = filter.unassigned ? true : null
  return { status, severity, rule, grid, q: filter.q.trim(), new_since: filter.newSince, assignee, unassigned }
}

export function countyApi(county: string) {
  const base = `/api/${encodeURIComponent(county)}`
  const get = <T>(path: string, signal?: AbortSignal) => request<T>(base + path, signal ? { signal } : {})
  const post = <T>(path: string, json: unknown) => request<T>(base + path, { method: 'POST', json })
  return {
    overview: () => get<Overview>('/overview'),
    searchAddresses: (q: string, signal?: AbortSignal) =>
      get<AddressHits>(`/addresses/search${queryOf({ q, limit: 10 })}`, signal),
    searchHouseholds: (q: string, signal?: AbortSignal) =>
      get<{ households: FoundHousehold[]; note: string | null }>(`/households/search${queryOf({ q, limit: 10 })}`, signal),
    address: (id: number) => get<AddressDetail>(`/addresses/${id}`),
    rasters: async () => listIn<Raster>(await get<Record<string, unknown>>('/rasters'), 'rasters'),
    flood: (level_m: number, signal?: AbortSignal) => get<Flood>(`/flood${queryOf({ level_m })}`, signal),
    floodHouseholds: (level_m: number, after: string | null) =>
      get<{ households: FloodHousehold[]; next: string | null }>(`/flood/households${queryOf({ level_m, after })}`),
    household: (id: number) => get<Household>(`/households/${id}`),
    reveal: async (personId: number, field: 'id_number' | 'phone', purpose: string) =>
      (await post<{ value: string | null }>(`/persons/${personId}/reveal`, { field, purpose })).value,
    // a POST, for names and ID numbers must not stand in a URL
    findPersons: (by: PersonQuery) => post<{ persons: FoundPerson[]; note: string | null }>('/persons/search', by),
    recordVisit: (householdId: number, visit: VisitIn) => post<Visit>(`/households/${householdId}/visits`, visit),
    alerts: (filter: AlertFilter, after: Cursor, limit = 50, signal?: AbortSignal) =>
      get<{ alerts: Alert[]; next: Cursor }>(`/alerts${queryOf({ ...filterQuery(filter), after, limit })}`, signal),
    alertCounts: (filter: AlertFilter, signal?: AbortSignal) =>
      get<AlertCounts>(`/alerts/counts${queryOf(filterQuery(filter))}`, signal),
    assignees: (id: number) => get<Assignee[]>(`/alerts/${id}/assignees`),
    alert: (id: number) => get<AlertDetail>(`/alerts/${id}`),
    transition: (id: number, body: TransitionIn) => post<AlertDetail>(`/alerts/${id}/transitions`, body),
    rules: async () => listIn<Rule>(await get<Rule[]>('/rules'), 'rules'),
    mappings: async () => listIn<Mapping>(await get<Mapping[]>('/mappings'), 'mappings'),
    imports: async () => listIn<ImportBatch>(await get<ImportBatch[]>('/imports'), 'imports'),
    importReport: (id: number) => get<ImportReport>(`/imports/${id}`),
    upload: (file: File, mapping: string, publish: boolean, confirmed = false, sheet = '') => {
      const form = new FormData()
      form.append('file', file)
      form.append('mapping', mapping)
      form.append('publish', String(publish))
      form.append('confirmed', String(confirmed))
      if (sheet) form.append('sheet', sheet)
      return request<ImportReport>(`${base}/imports`, { method: 'POST', form })
    },
    rejectsUrl: (id: number) => `${base}/imports/${id}/rejects.xlsx`,
    reviews: (after: Cursor) =>
      get<{ reviews: Review[]; next: Cursor; open_n: number }>(`/reviews${queryOf({ after, limit: 50 })}`),
    decideReview: (id: number, accept: boolean, note: string | null) =>
      post<unknown>(`/reviews/${id}/decision`, { accept, note }),
    changes: (entity: string, after: Cursor) =>
      get<{ changes: Change[]; next: Cursor }>(`/changes${queryOf({ entity, after, limit: 50 })}`),
    audit: (filter: AuditFilter, before: Cursor) =>
      get<{ events: AuditEvent[]; next: number | null }>(`/audit${queryOf({ ...filter, before, limit: 100 })}`),
    auditActions: () => get<AuditAction[]>('/audit/actions'),
    auditHead: (trail: AuditFilter['trail']) => get<AuditHead>(`/audit/head${queryOf({ trail })}`),
    auditFile: (filter: AuditFilter, format: 'jsonl' | 'csv') => `${base}/audit/export${queryOf({ ...filter, format })}`,
    mapPage: (filter: AlertFilter) => `/maps/${encodeURIComponent(county)}/alerts${queryOf(filterQuery(filter))}`,
    mapPageOf: (id: number) => `/maps/${encodeURIComponent(county)}/alerts/${id}`,
  }
}

export type CountyApi = ReturnType<typeof countyApi>
