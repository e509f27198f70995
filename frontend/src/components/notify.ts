/** Short messages at the edge of the screen. */
import { ElMessage } from 'element-plus/es/components/message/index.mjs'
import 'element-plus/es/components/message/style/css.mjs'
import { messageOf } from '@/api/client'

export function tell(message: string, type: 'success' | 'warning' | 'error' | 'info' = 'success'): void {
  ElMessage({ message, type, grouping: true, offset: 68, duration: type === 'error' ? 6000 : 3000, showClose: type === 'error' })
}

export function tellError(error: unknown): void {
  tell(messageOf(error), 'error')
}
