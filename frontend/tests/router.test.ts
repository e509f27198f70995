import { describe, expect, it } from 'vitest'
import { PAGES, spacesOf, tabsOf } from '@/pages'
import { router, safeNext } from '@/router'

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

describe('pages', () => {
  const ALL = () => true
  it('stand in the bar in their order', () => {
    expect(spacesOf(ALL).map(({ to }) => to)).toEqual(['/map', '/visits', '/alerts', '/accounts', '/data/imports', '/audit'])
    expect(spacesOf(() => false)).toEqual([])
  })
  it('of a workspace begin with the first that the account may see', () => {
    const may = (permission: string) => permission === 'changes.view'
    expect(tabsOf('data', may).map(({ label }) => label)).toEqual(['异动'])
    expect(spacesOf(may).map(({ to, label }) => [to, label])).toEqual([['/data/changes', '数据']])
  })
  it('lead where their links say', () => {
    for (const { to } of spacesOf(ALL)) expect(router.resolve(to).name, to).not.toBe('missing')
    for (const { name, to } of tabsOf('data', ALL)) expect(router.resolve(to).name).toBe(name)
    expect(router.resolve('/alerts/3').params).toEqual({ id: '3' })
  })
  it('all have a title', () => {
    for (const { meta, path } of PAGES) expect(meta?.title, path).toBeTruthy()
  })
})
