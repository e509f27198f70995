/** The visits that wait on this device for a connection, and sending them. */
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { ConnectionLost, Problem } from '@/api/client'
import type { Outcome, VisitIn } from '@/api/types'
import { discardVisit, keepVisit, listVisits, newUid, sendVisits, type SendResult, type WaitingVisit } from '@/offline/visits'
import { localIso } from '@/texts/format'
import { useNetwork } from './network'
import { useSession } from './session'

export const useVisitQueue = defineStore('visitQueue', () => {
  const session = useSession()
  const network = useNetwork()
  const items = ref<WaitingVisit[]>([])
  const sending = ref(false)
  const lastSentHouseholds = ref<number[]>([])
  const waitingN = computed(() => items.value.filter((item) => !item.refused).length)

  async function load(): Promise<void> {
    const account = session.account
    items.value = account ? await listVisits(account.county, account.username) : []
  }

  async function trySend(householdId: number, visit: VisitIn): Promise<SendResult> {
    try {
      await session.api.recordVisit(householdId, visit)
      return 'sent'
    } catch (error) {
      if (error instanceof ConnectionLost) return 'later'
      if (error instanceof Problem) {
        const passing = error.status === 401 || error.status === 408 || error.status === 429 || error.status >= 500
        return passing ? 'later' : { refused: error.message }
      }
      throw error
    }
  }

  /** Send everything that waits; a second call while one runs does nothing. */
  async function send(): Promise<void> {
    const account = session.account
    if (sending.value || !account) return
    sending.value = true
    try {
      const sent = await sendVisits(account.county, account.username, trySend)
      lastSentHouseholds.value = sent.map((visit) => visit.household_id)
    } finally {
      sending.value = false
      await load()
    }
  }

  /** Keep a visit on the device first, then try to send it. Gives whether the server has it now. */
  async function record(householdId: number, outcome: Outcome, note: string): Promise<'sent' | 'waiting' | { refused: string }> {
    const account = session.account
    if (!account) throw new Error('nobody is signed in')
    const client_uid = newUid()
    const visit: WaitingVisit = {
      client_uid,
      county: account.county,
      username: account.username,
      household_id: householdId,
      outcome,
      note: note.trim() || null,
      visited_at: localIso(new Date()),
      refused: null,
    }
    await keepVisit(visit)
    await send()
    await load()
    const left = items.value.find((item) => item.client_uid === client_uid)
    if (!left) return 'sent'
    return left.refused ? { refused: left.refused } : 'waiting'
  }

  async function discard(clientUid: string): Promise<void> {
    await discardVisit(clientUid)
    await load()
  }

  watch(
    () => network.reachable,
    (reachable) => {
      if (reachable && waitingN.value > 0) void send()
    },
  )

  return { items, waitingN, sending, lastSentHouseholds, load, send, record, discard }
})
