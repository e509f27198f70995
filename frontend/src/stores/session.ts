/** Who is signed in, and what they may do. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { countyApi, session as sessionApi } from '@/api/county'
import { ConnectionLost, Problem } from '@/api/client'
import type { Account, FailedBefore } from '@/api/names'

const REMEMBERED = 'onemap-account'

/**
 * The account in this tab's own storage, so that reloading the page without signal does not shut the worker out of the
 * visits that wait. It opens nothing: every answer still needs the cookie. Gone when the tab is closed or on sign-out.
 */
function remember(account: Account | null): void {
  if (account) sessionStorage.setItem(REMEMBERED, JSON.stringify(account))
  else sessionStorage.removeItem(REMEMBERED)
}

function remembered(): Account | null {
  const text = sessionStorage.getItem(REMEMBERED)
  return text ? (JSON.parse(text) as Account) : null
}

/** In the morning a whole office signs in at once: where the door says it is busy, come again by itself a few times. */
async function patiently<T>(ask: () => Promise<T>, tries = 4): Promise<T> {
  for (let left = tries - 1; ; left -= 1) {
    try {
      return await ask()
    } catch (error) {
      if (!left || !(error instanceof Problem) || !/:(sign-in|server)-busy$/.test(error.type)) throw error
      await new Promise((resolve) => setTimeout(resolve, 500 + Math.random() * 1000))
    }
  }
}

export const useSession = defineStore('session', () => {
  const account = ref<Account | null>(null)
  const checked = ref(false)
  /** failed sign-ins since the last right one, until the owner has read it */
  const failedBefore = ref<FailedBefore | null>(null)
  const api = computed(() => countyApi(account.value?.county ?? ''))

  /** fewest characters of a stated purpose; without the server's word the server alone decides */
  const purposeMin = computed(() => account.value?.settings?.purpose_min ?? 1)

  function may(permission: string): boolean {
    return account.value?.permissions.includes(permission) ?? false
  }

  function settle(found: Account | null): void {
    account.value = found
    checked.value = true
    remember(found)
  }

  /** Ask the server once who is signed in. Without signal the account of this tab goes on, or the error is raised. */
  async function check(): Promise<void> {
    if (checked.value) return
    try {
      settle(await sessionApi.current())
    } catch (error) {
      if (error instanceof Problem && error.status === 401) settle(null)
      else if (error instanceof ConnectionLost && remembered()) account.value ??= remembered()
      else throw error
    }
  }

  async function signIn(username: string, password: string, code: string | null = null): Promise<void> {
    const { failed_before, ...found } = await patiently(() => sessionApi.signIn(username, password, code))
    failedBefore.value = failed_before
    settle(found)
  }

  /** Ask again what is due, after a password was changed or a second factor set up, or when the server says so. */
  async function refresh(): Promise<void> {
    settle(await sessionApi.current())
  }

  async function signOut(): Promise<void> {
    await sessionApi.signOut()
    settle(null)
  }

  /** Ask again whether the session still lives, without the quiet of the first question. */
  async function recheck(): Promise<void> {
    await sessionApi.stillSignedIn().catch(() => undefined)
  }

  function expire(): void {
    settle(null)
  }

  return { account, checked, failedBefore, api, purposeMin, may, check, signIn, settle, refresh, signOut, recheck, expire }
})
