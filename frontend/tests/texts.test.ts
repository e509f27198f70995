import { describe, expect, it } from 'vitest'
import { emptyCells, importCounts, importQuestions } from '@/texts/counts'
import { differences, factRows, factText } from '@/texts/facts'
import { ago, dateTime, day, localIso } from '@/texts/format'

describe('facts', () => {
  it('are written out whatever their kind', () => {
    expect(factText(null)).toBe('（空）')
    expect(factText(['甲', '乙'])).toBe('甲、乙')
    expect(factText({ age: 71, occupancy: '空置' })).toBe('年龄 71，使用状况 空置')
    expect(factText(412.5000001)).toBe('412.5')
    expect(factText(true)).toBe('是')
  })
  it('keep names they do not know', () => {
    expect(factRows({ some_new_field: 1 })).toEqual([{ name: 'some_new_field', label: 'some new field', value: '1' }])
    expect(factRows(null)).toEqual([])
  })
  it('leave the row numbers of the database out of a difference', () => {
    expect(differences(null, { person_id: 13950, relation: '亲属' }).map((row) => row.name)).toEqual(['relation'])
  })
  it('of two states show what differs first', () => {
    const rows = differences({ occupancy: '空置', age: 3 }, { occupancy: '空置', age: 4, name: '王**' })
    expect(rows.map((row) => [row.name, row.before, row.after, row.differs])).toEqual([
      ['age', '3', '4', true],
      ['name', '—', '王**', true],
      ['occupancy', '空置', '空置', false],
    ])
  })
})

describe('times', () => {
  it('are told as people say them', () => {
    const now = Date.parse('2026-11-23T12:00:00Z')
    expect(ago('2026-11-23T11:59:40Z', now)).toBe('刚刚')
    expect(ago('2026-11-23T11:30:00Z', now)).toBe('30 分钟前')
    expect(ago('2026-11-22T12:00:00Z', now)).toBe('1 天前')
  })
  it('of a visit carry the zone of the device', () => {
    const text = localIso(new Date('2026-11-23T12:00:00Z'))
    expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/)
    expect(Date.parse(text)).toBe(Date.parse('2026-11-23T12:00:00Z'))
  })
})

describe('counts of an import', () => {
  it('says in words what became of empty cells, and leaves out what did not happen', () => {
    expect(emptyCells({ empty: { 电话: { kept: 3, cleared: 0, rejected: 1 } } })).toEqual([{ column: '电话', words: '保留原值 3，退回 1' }])
    expect(emptyCells({ read: 4 })).toEqual([])
    expect(importQuestions({ read: 4 })).toEqual([])
  })

  it('come in reading order, without what is no number', () => {
    expect(importCounts({ rejected: 2, read: 10, note: 'x', unchanged: 8 }).map((one) => one.name)).toEqual([
      'read',
      'unchanged',
      'rejected',
    ])
  })
})

describe('times', () => {
  it('are China Standard Time on every device', () => {
    expect(dateTime('2026-11-23T16:05:00Z')).toBe('2026-11-24 00:05')
    expect(day('2026-11-23T16:05:00Z')).toBe('2026-11-24')
    expect(day('2026-11-23')).toBe('2026-11-23')
  })
})
