/** A visit as text, to be handed to somebody who can record it elsewhere. */
import type { Household } from '@/api/names'
import type { WaitingVisit } from '@/offline/visits'
import { dateTime } from './format'
import { outcomeLabel } from './labels'

/** card: of the household, where it was opened in this session; without it the visit is known by the household's number only. */
export function visitText(visit: WaitingVisit, card?: Pick<Household, 'household_no' | 'address' | 'address_text'>): string {
  const household = card ? `${card.household_no} ${card.address?.text ?? card.address_text ?? ''}`.trim() : `住户编号 ${visit.household_id}`
  return [
    '走访记录（未上传）',
    `住户：${household}`,
    `时间：${dateTime(visit.visited_at)}`,
    `结果：${outcomeLabel(visit.outcome)}`,
    `情况：${visit.note ?? '无'}`,
    `走访人：${visit.username}`,
    ...(visit.refused ? [`未被接受的原因：${visit.refused}`] : []),
    `编号：${visit.client_uid}`,
  ].join('\n')
}
