import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { tell } from '@/components/notify'
import { ENTRANCES, PAGES } from '@/pages'
import { useAlerts } from '@/stores/alerts'
import { useSession } from '@/stores/session'

const routes: RouteRecordRaw[] = [
  ...ENTRANCES,
  {
    path: '/',
    component: () => import('@/components/AppShell.vue'),
    children: [
      // never shown: the guard below sends each role to its own first page
      { path: '', name: 'home', component: () => import('@/views/NotFound.vue') },
      ...PAGES,
      {
        path: ':rest(.*)*',
        name: 'missing',
        component: () => import('@/views/NotFound.vue'),
        meta: { title: '没有这个页面' },
      },
    ],
  },
]

/** Where each role begins its day. */
export function homeOf(): string {
  switch (useSession().account?.role) {
    case 'grid_worker':
    case 'village_officer':
      return 'visits'
    case 'town_official':
    case 'county_admin':
      return 'alerts'
    case 'gis_staff':
      return 'imports'
    case 'system_admin':
    case 'security_admin':
      return 'accounts'
    case 'auditor':
      return 'audit'
    default:
      return 'map'
  }
}

/** Only a path of this app: never let a link send people elsewhere after signing in. */
export function safeNext(value: unknown): string {
  return typeof value === 'string' && /^\/(?![/\\])/.test(value) && !/^\/(signin|begin)/.test(value) ? value : '/'
}

export const router = createRouter({ history: createWebHistory(), routes })

/** Ask for the code of the first page while the server still says who is signed in. */
export function fetchFirstPage(path: string): void {
  for (const { components } of router.resolve(path === '/' ? '/alerts' : path).matched) {
    const page: unknown = components?.['default']
    if (typeof page === 'function') void Promise.resolve((page as () => unknown)()).catch(() => undefined)
  }
}

router.beforeEach(async (to) => {
  const session = useSession()
  if (to.meta.open) return true
  try {
    await session.check()
  } catch {
    return { name: 'signin', query: { next: to.fullPath, lost: '1' } }
  }
  if (!session.account) return { name: 'signin', query: to.path === '/' ? {} : { next: to.fullPath } }
  if (session.account.due && to.name !== 'begin') return { name: 'begin', query: to.path === '/' ? {} : { next: to.fullPath } }
  if (!session.account.due && to.name === 'begin') return { path: safeNext(to.query['next']), replace: true }
  if (to.name === 'home') return { name: homeOf(), replace: true }
  if (to.meta.permission && !session.may(to.meta.permission)) {
    return { name: 'missing', params: { rest: ['not-permitted'] }, replace: true }
  }
  // its records come while its code is on the way
  if (to.name === 'alerts' && !to.params['id'] && !Object.keys(to.query).length) void useAlerts().loadOnce()
  return true
})

/** Code of a page that could not be fetched: without signal say so, after a new release begin afresh, once. */
router.onError((_, to) => {
  const RELOADED = 'onemap-reloaded'
  const last = Number(sessionStorage.getItem(RELOADED) ?? 0)
  if (!navigator.onLine || Date.now() - last < 10_000) {
    tell('这个页面还没有读取过，请在有网络时打开', 'warning')
    return
  }
  sessionStorage.setItem(RELOADED, String(Date.now()))
  window.location.assign(to.fullPath)
})

router.afterEach((to) => {
  document.title = to.meta.title ? `${to.meta.title} · 数字乡村一张图` : '数字乡村一张图'
})
