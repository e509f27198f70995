/** The states and steps of an alert in words. */
import type { AlertStatus } from '@/api/names'
import {
  alert_action,
  alert_status,
  alert_status_ended,
  alert_status_off_the_map,
  alert_status_pending,
  alert_system_step,
} from './vocabulary.json'

export const STATUSES: Record<AlertStatus, string> = alert_status

/** waits for somebody */
export const PENDING = alert_status_pending as AlertStatus[]
/** nothing is left to do */
export const ENDED = alert_status_ended as AlertStatus[]
/** ended, or found to be untrue */
export const OFF_THE_MAP = alert_status_off_the_map as AlertStatus[]

export const STEPS: Record<string, string> = { ...alert_system_step, ...alert_action }

/** How a list is cut; each alert stands in one of them, and in 全部. */
export const STATUS_GROUPS: { key: string; label: string; statuses: AlertStatus[] }[] = [
  { key: 'todo', label: '待处理', statuses: PENDING },
  { key: 'verified', label: '待办结', statuses: ['confirmed', 'refuted'] },
  { key: 'closed', label: '已办结', statuses: ['closed'] },
  { key: 'cleared', label: '已消除', statuses: ['cleared'] },
  { key: 'all', label: '全部', statuses: [] },
]
