import type { PersonQuery } from '@/api/types'

/** What a typed text asks for: an ID number, a phone, else a name; null when it is too short. Full-width digits are digits. */
export function personQueryOf(typed: string): PersonQuery | null {
  const text = typed.normalize('NFKC').trim()
  const number = text.replace(/[\s-]/g, '').toUpperCase()
  if (/^\d{17}[\dX]$/.test(number)) return { id_number: number }
  if (/^1\d{10}$/.test(number)) return { phone: number }
  return text.length >= 2 ? { name: text } : null
}
