/** Calls of one county's interface. The county is that of the signed-in account. */
import { api, dataOf, queryOf, quietApi, type QueryValue } from './client'
import type { AuditFilter, AlertFilter } from './filters'
import type { AuditQuery, AlertQuery, Cursor, ListedAccount, PersonQuery, Proof, RevealField, Role, TransitionIn, VisitIn } from './names'

/** The whole of a list that is never long enough to have pages. */
async function itemsOf<T>(response: Promise<{ data?: { items: T[] } }>): Promise<T[]> {
  return (await dataOf(response)).items
}

/** With a signal only where there is one. */
const until = (signal?: AbortSignal) => (signal ? { signal } : {})

export const session = {
  current: () => dataOf(quietApi.GET('/api/session')),
  stillSignedIn: () => dataOf(api.GET('/api/session')),
  signIn: (username: string, password: string, code: string | null) =>
    dataOf(quietApi.POST('/api/session', { body: { username, password, code } })),
  signOut: () => dataOf(quietApi.DELETE('/api/session')),
}

/** One's own account: password, second factor, sessions, tokens. */
export const ownAccount = {
  changePassword: (password: string, new_password: string) =>
    dataOf(api.PUT('/api/session/password', { body: { password, new_password } })),
  secondFactor: () => dataOf(api.GET('/api/session/second-factor')),
  beginSecondFactor: (proof: Proof) => dataOf(api.POST('/api/session/second-factor', { body: proof })),
  confirmSecondFactor: async (code: string) => (await dataOf(api.PUT('/api/session/second-factor', { body: { code } }))).codes,
  removeSecondFactor: (proof: Proof) => dataOf(api.POST('/api/session/second-factor/removal', { body: proof })),
  newRecoveryCodes: async (proof: Proof) => (await dataOf(api.POST('/api/session/second-factor/recovery-codes', { body: proof }))).codes,
  sessions: () => itemsOf(api.GET('/api/session/sessions')),
  endSession: (session_id: number) => dataOf(api.DELETE('/api/session/sessions/{session_id}', { params: { path: { session_id } } })),
  endOtherSessions: () => dataOf(api.DELETE('/api/session/sessions')),
  tokens: () => itemsOf(api.GET('/api/session/tokens')),
  createToken: async (name: string, days: number, proof: Proof) =>
    (await dataOf(api.POST('/api/session/tokens', { body: { name, days, ...proof } }))).token,
  revokeToken: (token_id: number) => dataOf(api.DELETE('/api/session/tokens/{token_id}', { params: { path: { token_id } } })),
}

const named = (username: string) => ({ params: { path: { username } } })

/** The accounts of the county, for their administrators. */
export const accounts = {
  list: () => itemsOf(api.GET('/api/accounts')),
  divisions: (under: string | null) => itemsOf(api.GET('/api/accounts/divisions', { params: { query: { under } } })),
  create: (username: string, display_name: string) => dataOf(api.POST('/api/accounts', { body: { username, display_name } })),
  /** seen: role and scope as the administrator saw them; 409 when somebody changed them meanwhile */
  grant: async (username: string, role: Role, prefixes: string[], seen: Pick<ListedAccount, 'role' | 'prefixes'>) => {
    const body = { role, prefixes, seen: { role: seen.role, prefixes: seen.prefixes } }
    return (await dataOf(api.PUT('/api/accounts/{username}/grant', { ...named(username), body }))).password
  },
  setDisabled: (username: string, disabled: boolean) =>
    dataOf(api.POST(disabled ? '/api/accounts/{username}/disable' : '/api/accounts/{username}/enable', named(username))),
  unlock: (username: string) => dataOf(api.POST('/api/accounts/{username}/unlock', named(username))),
  resetPassword: async (username: string) => (await dataOf(api.POST('/api/accounts/{username}/password-reset', named(username)))).password,
  resetSecondFactor: (username: string) => dataOf(api.POST('/api/accounts/{username}/second-factor-reset', named(username))),
  endSessions: (username: string) => dataOf(api.DELETE('/api/accounts/{username}/sessions', named(username))),
  revokeTokens: (username: string) => dataOf(api.DELETE('/api/accounts/{username}/tokens', named(username))),
}

export function filterQuery(filter: AlertFilter): AlertQuery {
  const { status, severity, rule, grid, assignee, newSince } = filter
  return {
    status,
    severity,
    q: filter.q.trim() || null,
    grid: grid || null,
    assignee: assignee || null,
    new_since: newSince || null,
    ...(rule && { rule: [rule] }),
    ...(filter.unassigned && { unassigned: true }),
  }
}

function auditQuery({ trail, allowed, actor, action, target, address, from, to }: AuditFilter): AuditQuery {
  const given = {
    actor: actor || null,
    action: action || null,
    target: target || null,
    address: address || null,
    from: from || null,
    to: to || null,
  }
  return { trail, allowed: allowed === '' ? null : allowed === 'true', ...given }
}

const text = (query: object) => queryOf(query as Record<string, QueryValue>)

export function countyApi(county: string) {
  const base = `/api/${encodeURIComponent(county)}`
  const path = { county }
  return {
    overview: () => dataOf(api.GET('/api/{county}/overview', { params: { path } })),
    cell: (code: string) => dataOf(api.GET('/api/{county}/cells/{code}', { params: { path: { county, code } } })),
    catalogue: () => dataOf(api.GET('/api/{county}/catalogue', { params: { path } })),
    searchAddresses: (q: string, signal?: AbortSignal) =>
      dataOf(api.GET('/api/{county}/addresses/search', { params: { path, query: { q, limit: 10 } }, ...until(signal) })),
    searchHouseholds: (q: string, signal?: AbortSignal) =>
      dataOf(api.GET('/api/{county}/households/search', { params: { path, query: { q, limit: 10 } }, ...until(signal) })),
    address: (address_id: number) => dataOf(api.GET('/api/{county}/addresses/{address_id}', { params: { path: { county, address_id } } })),
    rasters: () => itemsOf(api.GET('/api/{county}/rasters', { params: { path } })),
    outsideMaps: () => itemsOf(api.GET('/api/{county}/outside-maps', { params: { path } })),
    flood: (level_m: number, signal?: AbortSignal) =>
      dataOf(api.GET('/api/{county}/flood', { params: { path, query: { level_m } }, ...until(signal) })),
    floodHouseholds: (level_m: number, after: Cursor) =>
      dataOf(api.GET('/api/{county}/flood/households', { params: { path, query: { level_m, after } } })),
    household: (household_id: number) =>
      dataOf(api.GET('/api/{county}/households/{household_id}', { params: { path: { county, household_id } } })),
    reveal: async (person_id: number, field: RevealField, purpose: string) =>
      (
        await dataOf(
          api.POST('/api/{county}/persons/{person_id}/reveal', { params: { path: { county, person_id } }, body: { field, purpose } }),
        )
      ).value,
    // a POST, for names and ID numbers must not stand in a URL
    findPersons: (body: PersonQuery) => dataOf(api.POST('/api/{county}/persons/search', { params: { path }, body })),
    recordVisit: (household_id: number, body: VisitIn) =>
      dataOf(api.POST('/api/{county}/households/{household_id}/visits', { params: { path: { county, household_id } }, body })),
    alerts: (filter: AlertFilter, after: Cursor, limit = 50, signal?: AbortSignal) =>
      dataOf(api.GET('/api/{county}/alerts', { params: { path, query: { ...filterQuery(filter), after, limit } }, ...until(signal) })),
    alertCounts: (filter: AlertFilter, signal?: AbortSignal) =>
      dataOf(api.GET('/api/{county}/alerts/counts', { params: { path, query: filterQuery(filter) }, ...until(signal) })),
    assignees: (alert_id: number) =>
      itemsOf(api.GET('/api/{county}/alerts/{alert_id}/assignees', { params: { path: { county, alert_id } } })),
    alert: (alert_id: number) => dataOf(api.GET('/api/{county}/alerts/{alert_id}', { params: { path: { county, alert_id } } })),
    transition: (alert_id: number, body: TransitionIn) =>
      dataOf(api.POST('/api/{county}/alerts/{alert_id}/transitions', { params: { path: { county, alert_id } }, body })),
    rules: () => itemsOf(api.GET('/api/{county}/rules', { params: { path } })),
    mappings: () => itemsOf(api.GET('/api/{county}/mappings', { params: { path } })),
    imports: () => itemsOf(api.GET('/api/{county}/imports', { params: { path } })),
    importReport: (batch_id: number) => dataOf(api.GET('/api/{county}/imports/{batch_id}', { params: { path: { county, batch_id } } })),
    cancelImport: (batch_id: number) =>
      dataOf(api.POST('/api/{county}/imports/{batch_id}/cancel', { params: { path: { county, batch_id } } })),
    upload: (file: File, mapping: string, publish: boolean, confirmed = false, sheet = '') => {
      const form = new FormData()
      form.append('file', file)
      form.append('mapping', mapping)
      form.append('publish', String(publish))
      form.append('confirmed', String(confirmed))
      if (sheet) form.append('sheet', sheet)
      return dataOf(api.POST('/api/{county}/imports', { params: { path }, body: form as never }))
    },
    rejectsUrl: (id: number) => `${base}/imports/${id}/rejects.xlsx`,
    reviews: (after: Cursor) => dataOf(api.GET('/api/{county}/reviews', { params: { path, query: { after, limit: 50 } } })),
    decideReview: (review_id: number, accept: boolean, note: string | null) =>
      dataOf(api.POST('/api/{county}/reviews/{review_id}/decision', { params: { path: { county, review_id } }, body: { accept, note } })),
    changes: (entity: string, after: Cursor) =>
      dataOf(api.GET('/api/{county}/changes', { params: { path, query: { entity: entity || null, after, limit: 50 } } })),
    audit: (filter: AuditFilter, after: Cursor) =>
      dataOf(api.GET('/api/{county}/audit', { params: { path, query: { ...auditQuery(filter), after, limit: 100 } } })),
    auditActions: () => itemsOf(api.GET('/api/{county}/audit/actions', { params: { path } })),
    auditHead: (trail: AuditFilter['trail']) => dataOf(api.GET('/api/{county}/audit/head', { params: { path, query: { trail } } })),
    auditFile: (filter: AuditFilter, format: 'jsonl' | 'csv') => `${base}/audit/export${text({ ...auditQuery(filter), format })}`,
    mapPage: (filter: AlertFilter) => `/maps/${encodeURIComponent(county)}/alerts${text(filterQuery(filter))}`,
    mapPageOf: (id: number) => `/maps/${encodeURIComponent(county)}/alerts/${id}`,
  }
}

export type CountyApi = ReturnType<typeof countyApi>
/** What a question is answered with; a page names the answer by its question. */
export type Answer<Question extends keyof CountyApi> = CountyApi[Question] extends (...values: never[]) => Promise<infer T> ? T : never
