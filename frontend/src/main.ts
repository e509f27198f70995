import { createPinia } from 'pinia'
import { createApp } from 'vue'
import '@/styles/colours.css'
import '@/styles/tokens.css'
import '@/styles/base.css'
import '@/styles/components.css'
import App from '@/App.vue'
import { watchRequests } from '@/api/client'
import { fetchFirstPage, router } from '@/router'
import { fetchFonts } from '@/styles/later'
import { useNetwork } from '@/stores/network'
import { useSession } from '@/stores/session'

const app = createApp(App)
app.use(createPinia())

watchRequests({
  onReachable: (reachable) => useNetwork().report(reachable),
  onDue: () => {
    const here = router.currentRoute.value
    if (here.name === 'begin') return
    void useSession()
      .refresh()
      .then(() => router.push({ name: 'begin', query: { next: here.fullPath } }))
      .catch(() => undefined)
  },
  onUnauthorized: () => {
    const here = router.currentRoute.value
    useSession().expire()
    if (here.name !== 'signin') void router.push({ name: 'signin', query: { next: here.fullPath, expired: '1' } })
  },
})

fetchFirstPage(window.location.pathname)
app.use(router)
app.mount('#app')

window.addEventListener('load', () => fetchFonts())

// Only on HTTPS or localhost; elsewhere browsers have no service workers and the app needs signal to start.
// It keeps the whole app; the page that is asked for now has the line first.
const FIRST_PAGE_MS = 5000
if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  const keep = () => void navigator.serviceWorker.register('/sw.js').catch(() => undefined)
  window.addEventListener('load', () => setTimeout(keep, FIRST_PAGE_MS))
}
