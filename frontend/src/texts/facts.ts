/** Facts of an alert or a change as rows of a table: field, before, after. */
import type { Facts } from '@/api/names'
import { dateTime } from './format'

const FIELDS: Record<string, string> = {
  name: '姓名',
  person: '人员',
  person_id: '人员编号',
  person_name: '姓名',
  household: '住户',
  households: '住户',
  household_id: '住户编号',
  household_no: '户号',
  household_nos: '户号',
  age: '年龄',
  address: '地址',
  address_id: '地址编号',
  address_text: '地址',
  full_text: '地址',
  registered_address: '户籍地址',
  actual_address: '实际居住地址',
  registered_address_id: '户籍地址编号',
  actual_address_id: '居住地址编号',
  last_visit_at: '上次走访',
  days: '天数',
  days_without_visit: '未走访天数',
  dwelling: '房屋',
  dwelling_id: '房屋编号',
  place: '场所',
  place_id: '场所编号',
  place_name: '场所',
  occupancy: '使用状况',
  residents: '居住人数',
  residents_n: '居住人数',
  members_n: '人口数',
  cell: '网格',
  cell_name: '网格',
  grid_code: '网格编码',
  count: '次数',
  observed: '本期次数',
  expected: '往期均值',
  mean: '往期均值',
  threshold: '阈值',
  baseline: '往期',
  kind: '类别',
  state: '状态',
  status: '状态',
  title: '标题',
  relation: '关系',
  head_name: '户主',
  status_codes: '状态码',
  id_number: '身份证号',
  valid_from: '起',
  valid_to: '止',
  level: '层级',
  code: '编码',
  village: '村社',
  village_text: '文本所写村社',
  village_position: '坐标所在村社',
  text_village: '文本所写村社',
  point_village: '坐标所在村社',
  distance_m: '距离（米）',
  lon: '经度',
  lat: '纬度',
  birth_date: '出生日期',
  death_date: '死亡日期',
  sex: '性别',
  actual_address_text: '实际居住地址',
  registered_address_text: '户籍地址',
  first_seen: '首次发现',
  province: '省',
  city: '市',
  county: '县',
  town: '乡镇街道',
  village_group: '村民小组',
  road: '路街巷',
  number_plate: '门牌号',
  building: '楼栋',
  entrance: '单元',
  floor: '楼层',
  room: '户室',
  depth: '层级',
  division_code: '区划代码',
  parent_id: '上级编号',
  detail: '详情',
  occurred_at: '发生时间',
  duty: '职责',
  worker: '网格员',
  worker_name: '网格员',
  phone: '电话',
  attributes: '其他栏目',
  geom: '位置',
  source: '来源',
  source_key: '来源编号',
  grid_cell: '网格',
  head_person_id: '户主编号',
  last_seen_at: '最近记录',
  period: '时段',
  from: '起',
  to: '止',
}

export function fieldLabel(name: string): string {
  return FIELDS[name] ?? name.replaceAll('_', ' ')
}

/** One value as text; nested ones are written out, nothing is dropped. */
export function factText(value: unknown): string {
  if (value === null || value === undefined || value === '') return '（空）'
  if (typeof value === 'boolean') return value ? '是' : '否'
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : String(Math.round(value * 1e6) / 1e6)
  if (typeof value === 'string') return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value) ? dateTime(value) : value
  if (Array.isArray(value)) return value.length ? value.map(factText).join('、') : '（空）'
  return Object.entries(value as Facts)
    .map(([name, inner]) => `${fieldLabel(name)} ${factText(inner)}`)
    .join('，')
}

export interface FactRow {
  name: string
  label: string
  value: string
}

export function factRows(facts: Facts | null | undefined): FactRow[] {
  return Object.entries(facts ?? {}).map(([name, value]) => ({ name, label: fieldLabel(name), value: factText(value) }))
}

export interface DifferenceRow {
  name: string
  label: string
  before: string
  after: string
  differs: boolean
}

/** Every field of either state, those that differ first. */
export function differences(before: Facts | null | undefined, after: Facts | null | undefined): DifferenceRow[] {
  // row numbers of the database (person_id) tell a reader nothing
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].filter((name) => !name.endsWith('_id'))
  const rows = names.map((name) => {
    const was = before && name in before ? factText(before[name]) : '—'
    const is = after && name in after ? factText(after[name]) : '—'
    return { name, label: fieldLabel(name), before: was, after: is, differs: was !== is }
  })
  return [...rows.filter((row) => row.differs), ...rows.filter((row) => !row.differs)]
}
