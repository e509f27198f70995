import { flushPromises } from './flush'
import { createPinia, setActivePinia } from 'pinia'
import { createApp, h, nextTick, ref, type App } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import AlertActions from '@/components/AlertActions.vue'
import type { AlertDetail, AlertHistoryItem } from '@/api/names'
import { newSince, useAlerts } from '@/stores/alerts'
import { useSession } from '@/stores/session'
import { dayBefore } from '@/texts/format'

type Answer = (path: string, body: unknown) => Response
let answer: Answer
const paths: string[] = []
const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status })

beforeEach(() => {
  paths.length = 0
  vi.stubGlobal('fetch', (path: string, options: RequestInit) => {
    paths.push(path)
    return Promise.resolve(answer(path, options.body ? JSON.parse(String(options.body)) : null))
  })
  setActivePinia(createPinia())
  useSession().account = { county: '330521', username: 'wangwu', permissions: [] } as never
})
afterEach(() => vi.unstubAllGlobals())

describe('the list of alerts', () => {
  it('counts what each chip will show, beyond any page', async () => {
    answer = (path) => {
      if (!path.includes('/counts')) return json({ items: [], next: 'more' })
      return json({ n: path.includes('assignee=wangwu') ? 601 : path.includes(`new_since=${newSince()}`) ? 7 : 1234 })
    }
    const alerts = useAlerts()
    alerts.filter.rule = 'two_households'
    await alerts.load()
    await flushPromises()
    expect([alerts.total, alerts.freshN, alerts.mineN]).toEqual([1234, 7, 601])
    expect(paths.filter((path) => path.includes('rule=two_households'))).toHaveLength(4)
  })

  it('says nothing rather than a wrong number when the count fails', async () => {
    answer = (path) => (path.includes('/counts') ? json({}, 503) : json({ items: [], next: null }))
    const alerts = useAlerts()
    await alerts.load()
    await flushPromises()
    expect([alerts.total, alerts.freshN, alerts.mineN]).toEqual([null, null, null])
  })

  it('begins yesterday at midnight in China, whatever zone the device is in', () => {
    expect(dayBefore(1, Date.parse('2026-11-28T15:59:00Z'))).toBe('2026-11-27')
    expect(dayBefore(1, Date.parse('2026-11-28T16:00:00Z'))).toBe('2026-11-28')
    expect(dayBefore(1, Date.parse('2026-03-01T01:00:00Z'))).toBe('2026-02-28')
  })
})

describe('a step that somebody else overtook', () => {
  const step = (action: string, to: string, reason: string | null = null): AlertHistoryItem =>
    ({
      action,
      action_label: action,
      from_status: 'open',
      to_status: to,
      actor: 'a',
      actor_name: '李四',
      at: '2026-11-28T10:00:00+08:00',
      reason,
      evidence: {},
    }) as AlertHistoryItem
  const detail = (over: Partial<AlertDetail>): AlertDetail =>
    ({
      id: 1,
      version: 1,
      status: 'open',
      actions: ['acknowledge', 'assign', 'verify'],
      history: [step('raise', 'open')],
      ...over,
    }) as AlertDetail
  let root: HTMLElement
  let app: App
  const shown = ref(detail({}))
  const at = <T extends HTMLElement>(testid: string) => root.querySelector<T>(`[data-testid="${testid}"]`)

  function mount(fresh: AlertDetail): void {
    shown.value = detail({})
    root = document.body.appendChild(document.createElement('div'))
    app = createApp(() =>
      h(AlertActions, {
        alert: shown.value,
        onStale: () => (shown.value = fresh),
        onDone: (done: AlertDetail) => (shown.value = done),
      }),
    )
    app.mount(root)
  }
  afterEach(() => {
    app.unmount()
    root.remove()
  })

  async function write(): Promise<void> {
    at('action-verify')?.click()
    await nextTick()
    at('action-verdict-confirmed')?.click()
    const text = at<HTMLTextAreaElement>('action-reason')
    if (text) text.value = '上门核实，属实'
    text?.dispatchEvent(new Event('input'))
    await nextTick()
    at('action-submit')?.click()
    await flushPromises()
    await nextTick()
  }
  const conflict = () => json({ type: 'urn:onemap:problem:stale-alert', title: '已被他人更新' }, 409)

  it('keeps what was typed, says what changed, and goes out again with the new version', async () => {
    const versions: number[] = []
    answer = (_, body) => {
      versions.push((body as { version: number }).version)
      return versions.length === 1 ? conflict() : json(detail({ version: 3, status: 'confirmed', actions: [], history: [] }))
    }
    mount(
      detail({
        version: 2,
        status: 'acknowledged',
        actions: ['assign', 'verify'],
        history: [step('raise', 'open'), step('签收', 'acknowledged')],
      }),
    )
    await write()
    expect(at('action-meanwhile')?.textContent).toMatch(/李四[^]*签收/)
    expect(at('action-meanwhile')?.textContent).not.toContain('raise')
    expect(at<HTMLTextAreaElement>('action-reason')?.value).toBe('上门核实，属实')
    expect(at<HTMLInputElement>('action-verdict-confirmed')?.checked).toBe(true)
    at('action-submit')?.click()
    await flushPromises()
    expect(versions).toEqual([1, 2])
    await nextTick()
    expect(at('action-reason')).toBeNull()
  })

  it('keeps it also where the step is no longer possible, for another step', async () => {
    answer = conflict
    mount(
      detail({ version: 2, status: 'refuted', actions: ['reopen'], history: [step('raise', 'open'), step('核查', 'refuted', '查无此事')] }),
    )
    await write()
    expect(at('action-meanwhile')?.textContent).toContain('查无此事')
    expect(at<HTMLButtonElement>('action-submit')?.disabled).toBe(true)
    at('action-reopen')?.click()
    await nextTick()
    expect(at<HTMLTextAreaElement>('action-reason')?.value).toBe('上门核实，属实')
    expect(at<HTMLButtonElement>('action-submit')?.disabled).toBe(false)
  })

  it('forgets it with another alert', async () => {
    answer = conflict
    mount(detail({ version: 2 }))
    await write()
    shown.value = detail({ id: 2 })
    await nextTick()
    expect(at('action-reason')).toBeNull()
  })
})
