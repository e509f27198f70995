import type { PersonQuery } from '@/api/names'

/** What a typed text asks for: an ID number, a phone, else a name; null when it is too short. Full-width digits are digits; +86 and 0086 are left out. */
export function personQueryOf(typed: string): PersonQuery | null {
  const text = typed.normalize('NFKC').trim()
  const number = text.replace(/[\s\-‐-―−_.·()（）]/g, '').toUpperCase()
  if (/^\d{17}[\dX]$/.test(number)) return { id_number: number }
  const phone = number.replace(/^(?:\+|00)?86(?=1\d{10}$)/, '')
  if (/^1\d{10}$/.test(phone)) return { phone }
  return text.length >= 2 ? { name: text } : null
}
