/** Dates, numbers and facts as people read them. Times are China Standard Time, as on the printed maps and on the server. */

const timeZone = 'Asia/Shanghai'

const DATE_TIME = new Intl.DateTimeFormat('zh-CN', {
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
  timeZone,
})
const DATE = new Intl.DateTimeFormat('zh-CN', { year: 'numeric', month: '2-digit', day: '2-digit', timeZone })
const NUMBER = new Intl.NumberFormat('zh-CN', { maximumFractionDigits: 3 })

export function dateTime(value: string | null | undefined): string {
  if (!value) return ''
  const at = new Date(value)
  return Number.isNaN(at.getTime()) ? value : DATE_TIME.format(at).replaceAll('/', '-')
}

export function day(value: string | null | undefined): string {
  if (!value) return ''
  const at = new Date(value)
  return Number.isNaN(at.getTime()) ? value : DATE.format(at).replaceAll('/', '-')
}

export function count(value: number | null | undefined): string {
  return NUMBER.format(value ?? 0)
}

/** "3 天前" for lists; the full date stands in the detail. */
export function ago(value: string, now = Date.now()): string {
  const minutes = Math.floor((now - new Date(value).getTime()) / 60_000)
  if (Number.isNaN(minutes)) return value
  if (minutes < 1) return '刚刚'
  if (minutes < 60) return `${minutes} 分钟前`
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} 小时前`
  const days = Math.floor(minutes / (24 * 60))
  return days < 60 ? `${days} 天前` : day(value)
}

/** The day so many days ago in China, as the server takes it: YYYY-MM-DD. */
export function dayBefore(days: number, now = Date.now()): string {
  return DATE.format(new Date(now - days * 86_400_000)).replaceAll('/', '-')
}

/** The time of a visit with the zone of this device, so that the server need not guess. */
export function localIso(at: Date): string {
  const pad = (n: number) => String(n).padStart(2, '0')
  const offset = -at.getTimezoneOffset()
  const zone = `${offset < 0 ? '-' : '+'}${pad(Math.floor(Math.abs(offset) / 60))}:${pad(Math.abs(offset) % 60)}`
  const date = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`
  return `${date}T${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}${zone}`
}
