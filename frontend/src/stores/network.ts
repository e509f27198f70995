/** Whether the server can be reached, as far as the last request or the device knows. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

export const useNetwork = defineStore('network', () => {
  const reachable = ref(navigator.onLine)
  window.addEventListener('online', () => (reachable.value = true))
  window.addEventListener('offline', () => (reachable.value = false))
  function report(answered: boolean): void {
    reachable.value = answered
  }
  return { reachable, report }
})
