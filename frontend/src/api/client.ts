/** The one way to the server: same origin, session cookie, problem documents turned into errors people can read. */

export interface ProblemBody {
  type?: string
  title?: string
  title_en?: string
  detail?: string
  status?: number
}

/** An answer of the server that is no success. `title` and `detail` are Chinese and may be shown as they are. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly type = 'about:blank',
  ) {
    super(detail ? `${title}：${detail}` : title)
    this.name = 'Problem'
  }

  /** True for a problem of this kind, the last part of its type. */
  is(kind: string): boolean {
    return this.type === `urn:onemap:problem:${kind}`
  }
}

/** The server could not be reached: no signal, or it is down. */
export class ConnectionLost extends Error {
  constructor() {
    super('连接不上服务器，请检查网络后重试')
    this.name = 'ConnectionLost'
  }
}

const FALLBACK_TITLES: Record<number, string> = {
  400: '请求内容有误',
  401: '请先登录',
  403: '您的角色没有这项权限',
  404: '没有找到，或不在您的数据范围内',
  409: '记录已被他人更新',
  413: '文件太大',
  422: '请求内容有误',
  423: '账号已锁定',
  429: '请求过于频繁，请稍后再试',
  500: '系统内部错误',
  502: '服务暂时不可用',
  503: '服务暂时不可用',
}

/** The Chinese half of a text written "中文 / English". */
export function chineseOf(text: string): string {
  const cut = text.search(/\s*\/\s+[A-Za-z"'(].*$/s)
  return cut > 0 && /[\u3400-\u9fff]/.test(text.slice(0, cut)) ? text.slice(0, cut) : text
}

export function problemFrom(status: number, body: ProblemBody | null): Problem {
  const title = body?.title || FALLBACK_TITLES[status] || `请求未能完成（${status}）`
  return new Problem(status, title, chineseOf(body?.detail ?? ''), body?.type)
}

/** What to show for any error. */
export function messageOf(error: unknown): string {
  if (error instanceof Problem || error instanceof ConnectionLost) return error.message
  return '操作没有完成，请重试'
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}

type Watcher = { onUnauthorized: () => void; onDue: () => void; onReachable: (reachable: boolean) => void }
const watcher: Watcher = { onUnauthorized: () => undefined, onDue: () => undefined, onReachable: () => undefined }

/** 401 that speaks of a password or a code just sent, not of the session. */
const ABOUT_PROOF = /:(sign-in-failed|second-factor-(needed|wrong))$/
/** 403 that says what must be done first. */
const ABOUT_DUE = /:(password-change|second-factor-enrolment)-needed$/

/** Called once by the application: what to do on 401, when something is due first, and when the connection comes or goes. */
export function watchRequests(watch: Partial<Watcher>): void {
  Object.assign(watcher, watch)
}

export type QueryValue = string | number | boolean | null | undefined | readonly string[]

/** A query string without empty values; arrays repeat their name. */
export function queryOf(params: Record<string, QueryValue>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) {
    if (value === null || value === undefined || value === '') continue
    if (typeof value === 'object') value.forEach((item) => query.append(name, item))
    else query.append(name, String(value))
  }
  const text = query.toString()
  return text ? `?${text}` : ''
}

interface Options {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  json?: unknown
  form?: FormData
  signal?: AbortSignal
  /** the sign-in itself answers 401 without ending anything */
  quietUnauthorized?: boolean
}

/** The answer that `public/early.js` asked for before this code was here: to the first question who is signed in, once. */
function early(path: string, options: Options): Promise<Response> | undefined {
  const asked = window.onemapSession
  delete window.onemapSession
  return path === '/api/session' && !options.method ? asked : undefined
}

async function send(path: string, options: Options): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', 'X-Onemap-Request': '1' }
  if (options.json !== undefined) headers['Content-Type'] = 'application/json'
  let response: Response
  try {
    response = await (early(path, options) ?? fetch(path, {
      method: options.method ?? 'GET',
      headers,
      body: options.json !== undefined ? JSON.stringify(options.json) : (options.form ?? null),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: options.signal ?? null,
    }))
  } catch (error) {
    if (isAbort(error)) throw error
    watcher.onReachable(false)
    throw new ConnectionLost()
  }
  watcher.onReachable(true)
  return response
}

async function bodyOf<T>(response: Response): Promise<T | null> {
  const text = await response.text()
  if (!text) return null
  try {
    return JSON.parse(text) as T
  } catch {
    return null
  }
}

/** Send a request and give the JSON of the answer. Raises Problem and ConnectionLost. */
export async function request<T>(path: string, options: Options = {}): Promise<T> {
  const response = await send(path, options)
  if (!response.ok) {
    const problem = problemFrom(response.status, await bodyOf<ProblemBody>(response))
    if (response.status === 401 && !options.quietUnauthorized && !ABOUT_PROOF.test(problem.type)) watcher.onUnauthorized()
    if (response.status === 403 && ABOUT_DUE.test(problem.type)) watcher.onDue()
    throw problem
  }
  return (await bodyOf<T>(response)) as T
}

/** Fetch a file and hand it to the browser as a download. */
export async function download(path: string, fileName: string): Promise<void> {
  const response = await send(path, {})
  if (!response.ok) throw problemFrom(response.status, await bodyOf<ProblemBody>(response))
  const url = URL.createObjectURL(await response.blob())
  const link = document.createElement('a')
  link.href = url
  link.download = fileName
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
