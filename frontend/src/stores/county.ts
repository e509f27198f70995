/** What every screen of the county needs once: totals, bounds, towns, rules, and cards seen in this session. */
import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { Alert, Catalogue, Household, Overview, Rule } from '@/api/names'
import { useSession } from './session'

/** The first of some alerts, and how many there are of them. */
export interface Todo {
  alerts: Alert[]
  n: number
}

export const useCounty = defineStore('county', () => {
  const session = useSession()
  const overview = ref<Overview | null>(null)
  const rules = ref<Rule[]>([])
  /** the kinds of record that the account may see, with their words */
  const catalogue = ref<Catalogue | null>(null)
  /** Cards last loaded, newest first: in memory only, so that they are gone when the page is closed. */
  const cards = ref(new Map<number, Household>())

  /** The worker's open alerts as last read, for looking at without signal: mine, and what nobody deals with yet. */
  const todo = ref<{ mine: Todo; free: Todo } | null>(null)

  let overviewRequest: Promise<Overview> | null = null

  /** Several parts of a page ask for it at once: one question. */
  async function loadOverview(): Promise<void> {
    const request = (overviewRequest ??= session.api.overview())
    try {
      overview.value = await request
    } finally {
      if (overviewRequest === request) overviewRequest = null
    }
  }

  async function loadCatalogue(): Promise<void> {
    catalogue.value ??= await session.api.catalogue()
  }

  async function loadRules(): Promise<void> {
    if (!rules.value.length) rules.value = await session.api.rules()
  }

  function rememberCard(card: Household): void {
    const others = [...cards.value].filter(([id]) => id !== card.id).slice(0, 49)
    cards.value = new Map([[card.id, card], ...others])
  }

  function forget(): void {
    overview.value = null
    rules.value = []
    catalogue.value = null
    cards.value = new Map()
    todo.value = null
  }

  return { overview, rules, catalogue, cards, todo, loadOverview, loadCatalogue, loadRules, rememberCard, forget }
})
