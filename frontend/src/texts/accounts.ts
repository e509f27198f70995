/** What stands beside an account in the list of its administrators. */
import type { ListedAccount } from '@/api/names'

export interface Mark {
  text: string
  kind: '' | 'high' | 'medium' | 'low' | 'good'
}

/** The states that somebody should know of, gravest first; 正常 when there is none. */
export function marksOf(account: ListedAccount): Mark[] {
  const marks: Mark[] = []
  if (account.disabled) marks.push({ text: '已停用', kind: '' })
  if (!account.role) marks.push({ text: '待授权', kind: 'medium' })
  if (account.paused_lanes) marks.push({ text: '登录等待中', kind: 'high' })
  if (account.role && account.must_change_password) marks.push({ text: '待改初始密码', kind: 'low' })
  if (account.has_second_factor) marks.push({ text: '双因素', kind: 'good' })
  return marks.length ? marks : [{ text: '正常', kind: '' }]
}

/** Whether an administrator has something to do here. */
export function needsCare(account: ListedAccount): boolean {
  return !account.disabled && (!account.role || account.paused_lanes > 0 || account.failures >= 5)
}

/** Accounts that need care first, in the order they come in otherwise. */
export function careFirst(accounts: ListedAccount[]): ListedAccount[] {
  return [...accounts.filter(needsCare), ...accounts.filter((one) => !needsCare(one))]
}

/** Accounts whose name, user name or scope holds the words; those that need care only, when asked. */
export function filterAccounts(accounts: ListedAccount[], words: string, careOnly: boolean): ListedAccount[] {
  const wanted = words.trim().toLowerCase()
  return accounts.filter(
    (one) =>
      (!careOnly || needsCare(one)) &&
      (!wanted ||
        one.username.includes(wanted) ||
        one.display_name.toLowerCase().includes(wanted) ||
        one.prefixes.some((prefix) => prefix.startsWith(wanted))),
  )
}
