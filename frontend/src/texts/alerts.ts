/** The states and steps of an alert in words; a test of the server holds them to its own. */
import type { AlertStatus } from '@/api/names'

export const STATUSES: Record<AlertStatus, string> = {
  open: '待签收',
  acknowledged: '已签收',
  assigned: '已指派',
  confirmed: '查实',
  refuted: '查否',
  closed: '已办结',
  cleared: '已自行消除',
}

/** waits for somebody */
export const PENDING: AlertStatus[] = ['open', 'acknowledged', 'assigned']
/** nothing is left to do */
export const ENDED: AlertStatus[] = ['closed', 'cleared']
/** ended, or found to be untrue */
export const OFF_THE_MAP: AlertStatus[] = ['closed', 'cleared', 'refuted']

export const STEPS: Record<string, string> = {
  raise: '发现',
  clear: '自行消除',
  cease: '条件已不成立',
  recur: '条件再次成立',
  acknowledge: '签收',
  assign: '指派',
  verify: '核查',
  settle: '确认消除',
  close: '办结',
  reopen: '重开',
}

/** How a list is cut; each alert stands in one of them, and in 全部. */
export const STATUS_GROUPS: { key: string; label: string; statuses: AlertStatus[] }[] = [
  { key: 'todo', label: '待处理', statuses: PENDING },
  { key: 'verified', label: '待办结', statuses: ['confirmed', 'refuted'] },
  { key: 'closed', label: '已办结', statuses: ['closed'] },
  { key: 'cleared', label: '已消除', statuses: ['cleared'] },
  { key: 'all', label: '全部', statuses: [] },
]
