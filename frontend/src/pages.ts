/** Every page of the web app, once: its address, its code, who may see it, what it is called. Routes, the bar of workspaces and the tabs follow. */
import type { RouteRecordRaw } from 'vue-router'
import type AppIcon from '@/components/AppIcon.vue'

declare module 'vue-router' {
  interface RouteMeta {
    /** shown without signing in */
    open?: boolean
    permission?: string
    title?: string
    /** of a workspace: it stands in the bar */
    icon?: InstanceType<typeof AppIcon>['$props']['name']
    /** needed where there is no signal: its code is fetched ahead */
    field?: boolean
  }
}

/** Before the workspaces. */
export const ENTRANCES: RouteRecordRaw[] = [
  { path: '/signin', name: 'signin', component: () => import('@/views/SignIn.vue'), meta: { open: true, title: '登录' } },
  { path: '/begin', name: 'begin', component: () => import('@/views/BeginPage.vue'), meta: { title: '账号设置' } },
]

/** In the order of the bar; the pages of a workspace stand below it, in the order of its tabs. */
export const PAGES: RouteRecordRaw[] = [
  {
    path: 'map',
    name: 'map',
    component: () => import('@/views/MapPage.vue'),
    meta: { permission: 'map.view', title: '地图', icon: 'map', field: true },
  },
  {
    path: 'visits',
    name: 'visits',
    component: () => import('@/views/VisitsPage.vue'),
    meta: { permission: 'visits.write', title: '走访', icon: 'visit', field: true },
  },
  {
    path: 'visits/households/:id(\\d+)',
    name: 'visit-household',
    component: () => import('@/views/HouseholdPage.vue'),
    meta: { permission: 'household.view', title: '住户', field: true },
  },
  {
    path: 'alerts/:id(\\d+)?',
    name: 'alerts',
    component: () => import('@/views/AlertsPage.vue'),
    meta: { permission: 'alerts.view', title: '预警', icon: 'alert', field: true },
  },
  {
    path: 'accounts',
    name: 'accounts',
    component: () => import('@/views/AccountsPage.vue'),
    meta: { permission: 'accounts.view', title: '账号管理', icon: 'people' },
  },
  {
    path: 'data',
    component: () => import('@/views/DataPage.vue'),
    meta: { title: '数据', icon: 'data' },
    children: [
      { path: '', redirect: { name: 'imports' } },
      {
        path: 'imports',
        name: 'imports',
        component: () => import('@/views/ImportsTab.vue'),
        meta: { permission: 'imports.view', title: '导入' },
      },
      {
        path: 'reviews',
        name: 'reviews',
        component: () => import('@/views/ReviewsTab.vue'),
        meta: { permission: 'reviews.decide', title: '地址复核' },
      },
      {
        path: 'changes',
        name: 'changes',
        component: () => import('@/views/ChangesTab.vue'),
        meta: { permission: 'changes.view', title: '异动' },
      },
    ],
  },
  {
    path: 'audit',
    name: 'audit',
    component: () => import('@/views/AuditPage.vue'),
    meta: { permission: 'audit.view', title: '审计', icon: 'eye' },
  },
  { path: 'account', name: 'account', component: () => import('@/views/AccountPage.vue'), meta: { title: '账号与安全' } },
]

type May = (permission: string) => boolean
type Icon = NonNullable<NonNullable<RouteRecordRaw['meta']>['icon']>

/** A page as a link: to: its address. */
export interface PageLink {
  name: string
  label: string
  to: string
}

/** The pages of a workspace that the account may see. name: the first word of its address. */
export function tabsOf(space: string, may: May): PageLink[] {
  const pages = PAGES.find(({ path }) => path === space)?.children ?? []
  return pages.flatMap(({ path, name, meta }) =>
    meta?.permission && may(meta.permission) ? [{ name: String(name), label: meta.title ?? '', to: `/${space}/${path}` }] : [],
  )
}

/** The workspaces of the bar; one that has pages below it leads to the first that the account may see. */
export function spacesOf(may: May): (PageLink & { icon: Icon })[] {
  return PAGES.flatMap(({ path, children, meta }) => {
    if (!meta?.icon) return []
    const name = path.split('/')[0] ?? ''
    const to = children ? tabsOf(name, may)[0]?.to : may(meta.permission ?? '') ? `/${name}` : undefined
    return to ? [{ name, label: meta.title ?? '', icon: meta.icon, to }] : []
  })
}

/** Ask for the code of the pages that field work needs. */
export async function fetchFieldPages(): Promise<void> {
  const field = PAGES.filter(({ meta }) => meta?.field).map(({ component }) => (component as () => Promise<unknown>)())
  await Promise.allSettled(field)
}
