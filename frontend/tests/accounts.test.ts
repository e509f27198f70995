import { beforeEach, describe, expect, it, vi } from 'vitest'
import { api, watchRequests } from '@/api/client'
import type { ListedAccount } from '@/api/names'
import { safeNext } from '@/router'
import { careFirst, filterAccounts, marksOf, needsCare } from '@/texts/accounts'

const ACCOUNT: ListedAccount = {
  username: 'zhangsan',
  display_name: '示例镇 综治干部',
  role: 'town_official',
  prefixes: ['330521100'],
  disabled: false,
  created_at: '2026-11-01T00:00:00Z',
  signed_in_at: null,
  must_change_password: false,
  has_second_factor: false,
  sessions: 0,
  tokens: 0,
  failures: 0,
  last_failure_at: null,
  failure_addresses: [],
  paused_lanes: 0,
  separated: false,
}

describe('an account in the list of its administrators', () => {
  it('says what somebody should know of', () => {
    expect(marksOf(ACCOUNT).map((mark) => mark.text)).toEqual(['正常'])
    expect(marksOf({ ...ACCOUNT, role: null, must_change_password: true }).map((mark) => mark.text)).toEqual(['待授权'])
    expect(marksOf({ ...ACCOUNT, disabled: true, paused_lanes: 2 }).map((mark) => mark.text)).toEqual(['已停用', '登录等待中'])
  })

  it('needs care without a role, while somebody waits at its door, or after many failures; never when it is shut', () => {
    expect(needsCare(ACCOUNT)).toBe(false)
    expect(needsCare({ ...ACCOUNT, role: null })).toBe(true)
    expect(needsCare({ ...ACCOUNT, paused_lanes: 1 })).toBe(true)
    expect(needsCare({ ...ACCOUNT, failures: 5 })).toBe(true)
    expect(needsCare({ ...ACCOUNT, role: null, disabled: true })).toBe(false)
  })

  it('stands first when it needs care', () => {
    const waiting = { ...ACCOUNT, username: 'zz', role: null }
    expect(careFirst([ACCOUNT, waiting]).map((one) => one.username)).toEqual(['zz', 'zhangsan'])
  })

  it('is found by name, user name or the beginning of its scope', () => {
    const found = (words: string) => filterAccounts([ACCOUNT], words, false).length
    expect([found('综治'), found('ZHANG'), found('330521'), found(' 330521100 '), found('')]).toEqual([1, 1, 1, 1, 1])
    expect([found('李'), found('521100')]).toEqual([0, 0])
    expect(filterAccounts([ACCOUNT], '', true)).toEqual([])
  })
})

describe('an answer about a password or a code', () => {
  const calls: string[] = []
  beforeEach(() => {
    calls.length = 0
    watchRequests({ onUnauthorized: () => calls.push('out'), onDue: () => calls.push('due') })
  })

  it.each([
    [401, 'not-signed-in', ['out']],
    [401, 'sign-in-failed', []],
    [401, 'second-factor-needed', []],
    [401, 'second-factor-wrong', []],
    [403, 'password-change-needed', ['due']],
    [403, 'second-factor-enrolment-needed', ['due']],
    [403, 'not-permitted', []],
  ])('%i %s', async (status, kind, expected) => {
    const body = JSON.stringify({ type: `urn:onemap:problem:${kind}`, title: '题', status })
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(body, { status })))
    await expect(api.GET('/api/session/tokens')).rejects.toThrow('题')
    expect(calls).toEqual(expected)
  })
})

it('the page of what is due is never the page to come back to', () => {
  expect(safeNext('/begin?next=/map')).toBe('/')
})
