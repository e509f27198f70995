/** Who is signed in, and what they may do. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { countyApi, session as sessionApi } from '@/api/county'
import { Problem } from '@/api/client'
import type { Account } from '@/api/types'

export const useSession = defineStore('session', () => {
  const account = ref<Account | null>(null)
  const checked = ref(false)
  const api = computed(() => countyApi(account.value?.county ?? ''))

  function may(permission: string): boolean {
    return account.value?.permissions.includes(permission) ?? false
  }

  /** Ask the server once who is signed in. A lost connection is not an answer and is raised. */
  async function check(): Promise<void> {
    if (checked.value) return
    try {
      account.value = await sessionApi.current()
    } catch (error) {
      if (!(error instanceof Problem && error.status === 401)) throw error
      account.value = null
    }
    checked.value = true
  }

  async function signIn(username: string, password: string): Promise<void> {
    account.value = await sessionApi.signIn(username, password)
    checked.value = true
  }

  async function signOut(): Promise<void> {
    await sessionApi.signOut()
    account.value = null
  }

  /** Ask again whether the session still lives, without the quiet of the first question. */
  async function recheck(): Promise<void> {
    await sessionApi.stillSignedIn().catch(() => undefined)
  }

  function expire(): void {
    account.value = null
  }

  return { account, checked, api, may, check, signIn, signOut, recheck, expire }
})
