/** What an import under way says of itself. */
import type { ImportBatch } from '@/api/names'
import { count } from './format'
import { importStageLabel } from './labels'

export const underWay = (batch: Pick<ImportBatch, 'state'>): boolean => batch.state === 'waiting' || batch.state === 'staged'

/** `匹配 1,200 / 3,000 行`; without numbers where the stage has none to tell. */
export function progressText(batch: ImportBatch): string {
  if (batch.cancelled_by) return '正在取消…'
  if (batch.state === 'waiting') return '排队等待处理'
  const stage = importStageLabel(batch.stage) || '开始'
  if (!batch.rows_done) return stage
  return batch.rows_total ? `${stage} ${count(batch.rows_done)} / ${count(batch.rows_total)} 行` : `${stage} ${count(batch.rows_done)} 行`
}
