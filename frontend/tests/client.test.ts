import { afterEach, describe, expect, it, vi } from 'vitest'
import { api, chineseOf, ConnectionLost, dataOf, messageOf, Problem, queryOf, quietApi, watchRequests } from '@/api/client'
import { countyApi } from '@/api/county'

function answer(status: number, body: unknown): Response {
  return new Response(body === null ? null : JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/problem+json' },
  })
}

afterEach(() => {
  vi.unstubAllGlobals()
  watchRequests({ onUnauthorized: () => undefined, onReachable: () => undefined })
})

describe('requests', () => {
  it('carry the header that proves they come from this app, and the cookie of this origin only', async () => {
    const fetched = vi.fn(() => Promise.resolve(answer(200, { ok: true })))
    vi.stubGlobal('fetch', fetched)
    await api.POST('/api/session', { body: { username: 'a', password: 'b', code: null } })
    const [, options] = fetched.mock.calls[0] as unknown as [string, RequestInit]
    expect((options.headers as Record<string, string>)['X-Onemap-Request']).toBe('1')
    expect(options.credentials).toBe('same-origin')
    expect(options.cache).toBe('no-store')
  })

  it('turn a problem document into Chinese text', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(answer(409, { title: '记录已被他人更新', detail: '版本 3 / version 3', status: 409 })))
    const error = await api.GET('/api/session').catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(Problem)
    expect((error as Problem).status).toBe(409)
    expect(messageOf(error)).toBe('记录已被他人更新：版本 3')
  })

  it('say so when the answer is not a problem document', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('<html>', { status: 502 })))
    expect(messageOf(await api.GET('/api/session').catch((caught: unknown) => caught))).toBe('服务暂时不可用')
  })

  it('tell a lost connection from a refusal', async () => {
    const reachable = vi.fn()
    watchRequests({ onReachable: reachable })
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')))
    expect(await api.GET('/api/session').catch((caught: unknown) => caught)).toBeInstanceOf(ConnectionLost)
    expect(reachable).toHaveBeenCalledWith(false)
  })

  it('end the session on 401, but not while signing in', async () => {
    const ended = vi.fn()
    watchRequests({ onUnauthorized: ended })
    vi.stubGlobal('fetch', () => Promise.resolve(answer(401, { title: '用户名或密码不对' })))
    await quietApi.POST('/api/session', { body: { username: 'a', password: 'b', code: null } }).catch(() => undefined)
    expect(ended).not.toHaveBeenCalled()
    await countyApi('330521')
      .overview()
      .catch(() => undefined)
    expect(ended).toHaveBeenCalledOnce()
  })
})

describe('texts of the server', () => {
  it('are shown without their English half', () => {
    expect(chineseOf('缺少列：姓名 / missing: 姓名')).toBe('缺少列：姓名')
    expect(chineseOf('2026/11/23 发布')).toBe('2026/11/23 发布')
    expect(chineseOf('only English / here')).toBe('only English / here')
  })
})

describe('queries', () => {
  it('repeat lists and leave out what is empty', () => {
    expect(queryOf({ status: ['open', 'assigned'], rule: '', q: null, limit: 50 })).toBe('?status=open&status=assigned&limit=50')
    expect(queryOf({ q: '' })).toBe('')
  })
})

describe('the generated client', () => {
  it('fills the address, repeats lists in the query and sends JSON', async () => {
    const fetched = vi.fn(() => Promise.resolve(answer(200, { items: [], next: null })))
    vi.stubGlobal('fetch', fetched)
    await api.GET('/api/{county}/alerts', { params: { path: { county: '330521' }, query: { status: ['open', 'assigned'], limit: 5 } } })
    await api.POST('/api/session', { body: { username: 'a', password: 'b', code: null } })
    const [first, second] = fetched.mock.calls as unknown as [string, RequestInit][]
    const init = second?.[1]
    expect(first?.[0]).toBe('/api/330521/alerts?status=open&status=assigned&limit=5')
    expect(init?.body).toBe('{"username":"a","password":"b","code":null}')
    expect(new Headers(init?.headers).get('Content-Type')).toBe('application/json')
  })

  it('lets the browser name the boundary of a file', async () => {
    const fetched = vi.fn(() => Promise.resolve(answer(201, {})))
    vi.stubGlobal('fetch', fetched)
    await countyApi('330521').upload(new File(['a'], 'a.csv'), 'demo', false)
    const [, init] = fetched.mock.calls[0] as unknown as [string, RequestInit]
    expect(init.body).toBeInstanceOf(FormData)
    expect(Object.keys(init.headers ?? {}).map((name) => name.toLowerCase())).not.toContain('content-type')
  })

  it.each(['<html>', ''])('holds nothing where the answer is no JSON: %j', async (text) => {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(text, { status: 200 })))
    expect(await dataOf(api.GET('/api/session'))).toBeNull()
  })

  it('takes the answer asked for before the code was here once, and only for who is signed in', async () => {
    const fetched = vi.fn(() => Promise.resolve(answer(200, { username: 'later' })))
    vi.stubGlobal('fetch', fetched)
    window.onemapSession = Promise.resolve(answer(200, { username: 'early' }))
    expect(await dataOf(quietApi.GET('/api/session'))).toEqual({ username: 'early' })
    expect(await dataOf(quietApi.GET('/api/session'))).toEqual({ username: 'later' })
    expect(fetched).toHaveBeenCalledOnce()
  })
})
