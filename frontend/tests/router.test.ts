import { describe, expect, it } from 'vitest'
import { safeNext } from '@/router'

describe('the page wanted before signing in', () => {
  it('is kept when it belongs to this app', () => {
    expect(safeNext('/map?alert=3')).toBe('/map?alert=3')
  })
  it.each(['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', '/signin?next=/x', undefined])(
    'never leads elsewhere: %s',
    (next) => {
      expect(safeNext(next)).toBe('/')
    },
  )
})
