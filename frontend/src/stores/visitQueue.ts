/** The visits that wait on this device for a connection, and sending them. Nothing leaves it but to the server or by a person. */
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { ConnectionLost, Problem } from '@/api/client'
import type { Outcome, Visit, VisitIn } from '@/api/names'
import type { SendResult, WaitingVisit } from '@/offline/visits'
import { localIso } from '@/texts/format'
import { useNetwork } from './network'
import { useSession } from './session'

/** The store of visits on this device is code of its own; the screens that record visits come only together with it. */
const device = () => import('@/offline/visits')

/** What became of a visit just recorded: uid names it in the queue while it is there. */
export type Recorded = { state: 'sent' } | { state: 'waiting'; why: string } | { state: 'refused'; why: string; uid: string }

/** What an error of sending means for a visit: wait, or say why the server will not have it. */
export function resultOf(error: unknown): SendResult {
  if (error instanceof ConnectionLost) return { later: '没有网络', stop: true }
  if (!(error instanceof Problem)) throw error
  if (error.status === 401) return { later: '登录已过期，重新登录后自动上传', stop: true }
  if (error.status === 403 && error.is('password-change-needed')) return { later: '请先修改密码', stop: true }
  if (error.status === 403 && error.is('second-factor-enrolment-needed')) return { later: '请先设置双因素验证', stop: true }
  if ([408, 425, 429, 502, 503, 504].includes(error.status)) return { later: '服务器忙或正在重启', stop: true }
  if (error.status >= 500) return { later: `服务器出错：${error.title}`, stop: false }
  return { refused: error.message, kind: error.type.split(':').at(-1) ?? '' }
}

export const useVisitQueue = defineStore('visitQueue', () => {
  const session = useSession()
  const network = useNetwork()
  const items = ref<WaitingVisit[]>([])
  const sending = ref(false)
  const lastSentHouseholds = ref<number[]>([])
  const waitingN = computed(() => items.value.filter((item) => !item.refused).length)
  const refusedN = computed(() => items.value.length - waitingN.value)

  async function load(): Promise<void> {
    const account = session.account
    items.value = account ? await (await device()).listVisits(account.county, account.username) : []
  }

  function of(householdId: number): WaitingVisit[] {
    return items.value.filter((item) => item.household_id === householdId)
  }

  async function trySend(householdId: number, visit: VisitIn): Promise<SendResult> {
    try {
      const answer: Visit | null = await session.api.recordVisit(householdId, visit)
      // a sign-in page of the network in between answers 200 as well
      return typeof answer?.id === 'number' ? 'sent' : { later: '网络要求先登录或被拦截，回答不是本系统的', stop: true }
    } catch (error) {
      return resultOf(error)
    }
  }

  /** Send everything that waits; a second call while one runs does nothing. */
  async function send(): Promise<void> {
    const account = session.account
    if (sending.value || !account) return
    sending.value = true
    try {
      const sent = await (await device()).sendVisits(account.county, account.username, trySend)
      if (sent.length) lastSentHouseholds.value = sent.map((visit) => visit.household_id)
    } finally {
      sending.value = false
      await load()
    }
  }

  async function outcomeOf(client_uid: string): Promise<Recorded> {
    await send()
    await load()
    const left = items.value.find((item) => item.client_uid === client_uid)
    if (!left) return { state: 'sent' }
    if (left.refused) return { state: 'refused', why: left.refused, uid: client_uid }
    return { state: 'waiting', why: left.last_problem ?? '正在排队' }
  }

  /** Keep a visit on the device first, then try to send it. Gives whether the server has it now. */
  async function record(householdId: number, outcome: Outcome, note: string): Promise<Recorded> {
    const account = session.account
    if (!account) throw new Error('nobody is signed in')
    const { keepVisit, newUid, newVisit } = await device()
    const client_uid = newUid()
    // asks the browser not to clear what waits when space is short or the page was not opened for a week
    void navigator.storage?.persist?.().catch(() => false)
    await keepVisit(
      newVisit({
        client_uid,
        county: account.county,
        username: account.username,
        household_id: householdId,
        outcome,
        note: note.trim() || null,
        visited_at: localIso(new Date()),
      }),
    )
    return outcomeOf(client_uid)
  }

  /** Change a visit that the server refused, and send it again; it stays one visit, made when it was made. */
  async function correct(clientUid: string, outcome: Outcome, note: string): Promise<Recorded> {
    const uid = await (await device()).correctVisit(clientUid, outcome, note.trim() || null)
    return uid === null ? { state: 'sent' } : outcomeOf(uid)
  }

  async function discard(clientUid: string): Promise<void> {
    await (await device()).discardVisit(clientUid)
    await load()
  }

  watch(
    () => network.reachable,
    (reachable) => {
      if (reachable && waitingN.value > 0) void send()
    },
  )

  return { items, waitingN, refusedN, sending, lastSentHouseholds, load, of, send, record, correct, discard }
})
