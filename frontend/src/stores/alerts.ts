/** The alert list beside the map and on its own page: one filter, one list, kept while moving between screens. */
import { defineStore } from 'pinia'
import { computed, reactive, ref } from 'vue'
import { isAbort } from '@/api/client'
import type { AlertFilter } from '@/api/filters'
import type { Alert, AlertDetail, Cursor } from '@/api/names'
import { PENDING } from '@/texts/alerts'
import { dayBefore } from '@/texts/format'
import { useSession } from './session'

/** Nothing chosen but what waits for somebody. */
export const emptyFilter = (): AlertFilter => ({
  status: [...PENDING],
  severity: [],
  rule: '',
  grid: '',
  q: '',
  newSince: '',
  assignee: '',
  unassigned: false,
})

/** The beginning of yesterday: what was first raised since then is called new. */
export const newSince = (): string => dayBefore(1)

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
  /** how many there are of the list, of it new since yesterday, of it mine; null until counted */
  const total = ref<number | null>(null)
  const freshN = ref<number | null>(null)
  const mineN = ref<number | null>(null)
  let running: AbortController | null = null

  const me = computed(() => session.account?.username ?? '')
  /** more than the state is chosen */
  const chosen = computed(() => narrowed.value > 0 || filter.newSince !== '' || filter.assignee !== '' || filter.unassigned)
  const narrowed = computed(() => filter.severity.length + (filter.rule ? 1 : 0) + (filter.grid ? 1 : 0) + (filter.q.trim() ? 1 : 0))

  async function load(): Promise<void> {
    running?.abort()
    const mine = (running = new AbortController())
    loading.value = true
    error.value = null
    try {
      const page = await session.api.alerts(filter, null, 50, mine.signal)
      items.value = page.items
      next.value = page.next
      loaded.value = true
    } catch (problem) {
      if (!isAbort(problem)) error.value = problem
    } finally {
      if (running === mine) {
        loading.value = false
        void countAll(mine) // after the list: on a slow line it is waited for, the numbers are not
      }
    }
  }

  /** Read the list where it is neither there nor on its way. */
  async function loadOnce(): Promise<void> {
    if (!loaded.value && !loading.value) await load()
  }

  /** The numbers on the chips say what a click on them will show. */
  async function countAll(mine: AbortController): Promise<void> {
    const filters = [{ ...filter }, { ...filter, newSince: newSince() }, { ...filter, assignee: me.value, unassigned: false }]
    const counts = await Promise.all(
      filters.map((one) =>
        session.api.alertCounts(one, mine.signal).then(
          ({ n }) => n,
          () => null,
        ),
      ),
    )
    if (running !== mine) return
    ;[total.value = null, freshN.value = null, mineN.value = null] = counts
  }

  async function more(): Promise<void> {
    if (next.value === null || loadingMore.value) return
    loadingMore.value = true
    const list = items.value
    try {
      const page = await session.api.alerts(filter, next.value)
      if (items.value === list) {
        items.value = [...list, ...page.items]
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
    if (running) void countAll(running)
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
    total.value = freshN.value = mineN.value = null
  }

  return {
    filter,
    items,
    next,
    loading,
    loadingMore,
    error,
    loaded,
    version,
    total,
    freshN,
    mineN,
    me,
    narrowed,
    chosen,
    load,
    loadOnce,
    more,
    replace,
    changed,
    clear,
    forget,
  }
})
