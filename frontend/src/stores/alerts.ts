/** The alert list beside the map and on its own page: one filter, one list, kept while moving between screens. */
import { defineStore } from 'pinia'
import { computed, reactive, ref } from 'vue'
import { isAbort } from '@/api/client'
import type { Alert, AlertDetail, AlertFilter, AlertStatus, Cursor } from '@/api/types'
import { useSession } from './session'

export const STATUS_GROUPS: { key: string; label: string; statuses: AlertStatus[] }[] = [
  { key: 'todo', label: '待处理', statuses: ['open', 'acknowledged', 'assigned'] },
  { key: 'verified', label: '待办结', statuses: ['confirmed', 'refuted'] },
  { key: 'closed', label: '已办结', statuses: ['closed'] },
  { key: 'all', label: '全部', statuses: [] },
]

const emptyFilter = (): AlertFilter => ({
  status: ['open', 'acknowledged', 'assigned'],
  severity: [],
  rule: '',
  grid: '',
  q: '',
})

export const useAlerts = defineStore('alerts', () => {
  const session = useSession()
  const filter = reactive<AlertFilter>(emptyFilter())
  const items = ref<Alert[]>([])
  const next = ref<Cursor>(null)
  const loading = ref(false)
  const loadingMore = ref(false)
  const error = ref<unknown>(null)
  const loaded = ref(false)
  /** grows with each change of state, so that maps ask for their alert tiles again */
  const version = ref(0)
  let running: AbortController | null = null

  const narrowed = computed(
    () => filter.severity.length + (filter.rule ? 1 : 0) + (filter.grid ? 1 : 0) + (filter.q.trim() ? 1 : 0),
  )

  async function load(): Promise<void> {
    running?.abort()
    const mine = (running = new AbortController())
    loading.value = true
    error.value = null
    try {
      const page = await session.api.alerts(filter, null, 50, mine.signal)
      items.value = page.alerts
      next.value = page.next
      loaded.value = true
    } catch (problem) {
      if (!isAbort(problem)) error.value = problem
    } finally {
      if (running === mine) loading.value = false
    }
  }

  async function more(): Promise<void> {
    if (next.value === null || loadingMore.value) return
    loadingMore.value = true
    const list = items.value
    try {
      const page = await session.api.alerts(filter, next.value)
      if (items.value === list) {
        items.value = [...list, ...page.alerts]
        next.value = page.next
      }
    } finally {
      loadingMore.value = false
    }
  }

  /** Show the new state of one alert without losing the place in the list. */
  function replace(detail: AlertDetail): void {
    items.value = items.value.map((item) => (item.id === detail.id ? { ...item, ...detail } : item))
  }

  function changed(detail: AlertDetail): void {
    replace(detail)
    version.value += 1
  }

  function clear(): void {
    const { status } = filter
    Object.assign(filter, emptyFilter(), { status })
  }

  function forget(): void {
    running?.abort()
    Object.assign(filter, emptyFilter())
    items.value = []
    next.value = null
    loaded.value = false
  }

  return { filter, items, next, loading, loadingMore, error, loaded, version, narrowed, load, more, replace, changed, clear, forget }
})
