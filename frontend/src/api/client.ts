/** The one way to the server: same origin, session cookie, problem documents turned into errors people can read. */
import createClient from 'openapi-fetch'
import type { paths } from './schema'

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

interface RequestOptions {
  method?: string
  headers?: Headers
  body?: BodyInit | null
  signal?: AbortSignal | null
}

/** The answer that `public/early.js` asked for before this code was here: to the first question who is signed in, once. */
function early(path: string, method: string): Promise<Response> | undefined {
  const response = window.onemapSession
  delete window.onemapSession
  return path === '/api/session' && method === 'GET' ? response : undefined
}

async function send(path: string, { method = 'GET', headers, body, signal }: RequestOptions): Promise<Response> {
  let response: Response
  try {
    response = await (early(path, method) ??
      fetch(path, {
        method,
        headers: {
          Accept: 'application/json',
          'Accept-Language': 'zh-CN',
          'X-Onemap-Request': '1',
          ...(headers && Object.fromEntries(headers)),
        },
        body: body ?? null,
        credentials: 'same-origin',
        cache: 'no-store',
        signal: signal ?? null,
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

/** What the generated client hands over: an address and how to ask, as they are. */
class Question {
  constructor(
    readonly path: string,
    readonly options: RequestOptions,
  ) {}
}

/** quiet: a 401 ends nothing, as when signing in. Raises Problem and ConnectionLost; what is no JSON is null. */
async function answer({ path, options }: Question, quiet: boolean): Promise<Response> {
  const response = await send(path, options)
  if (!response.ok) {
    const problem = problemFrom(response.status, await bodyOf<ProblemBody>(response))
    if (response.status === 401 && !quiet && !ABOUT_PROOF.test(problem.type)) watcher.onUnauthorized()
    if (response.status === 403 && ABOUT_DUE.test(problem.type)) watcher.onDue()
    throw problem
  }
  return new Response(JSON.stringify(await bodyOf(response)))
}

const speaking = (quiet: boolean) =>
  createClient<paths>({
    Request: Question as unknown as typeof Request,
    fetch: (question) => answer(question as unknown as Question, quiet),
    querySerializer: (query) => queryOf(query as Record<string, QueryValue>),
  })

/** Ask the server, by the paths of its own description (`schema.d.ts`). */
export const api = speaking(false)
/** The same where a 401 is an answer like another. */
export const quietApi = speaking(true)

/** What an answer holds. */
export async function dataOf<T>(response: Promise<{ data?: T }>): Promise<T> {
  return (await response).data as T
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
