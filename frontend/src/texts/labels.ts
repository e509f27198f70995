/** Chinese words for the codes of the interface. */
import type { Outcome, Role, Severity } from '@/api/names'

export const ROLES: Record<Role, string> = {
  grid_worker: '网格员',
  village_officer: '村社干部',
  town_official: '乡镇干部',
  gis_staff: '数据专员',
  county_admin: '县级管理员',
  system_admin: '系统管理员',
  security_admin: '安全管理员',
  auditor: '审计员',
  system: '系统',
}

/** Roles that the security administrator may grant; the three administrators are appointed on the server. */
export const GRANTABLE: Role[] = ['grid_worker', 'village_officer', 'town_official', 'gis_staff', 'county_admin']

export const SEVERITIES: Record<Severity, string> = { high: '高', medium: '中', low: '低' }

export const OUTCOMES: { code: Outcome; label: string }[] = [
  { code: 'met', label: '见到本人' },
  { code: 'nobody_home', label: '无人在家' },
  { code: 'moved_away', label: '已搬离' },
  { code: 'refused', label: '拒访' },
  { code: 'help_needed', label: '需要帮助' },
]

export const outcomeLabel = (code: string): string => OUTCOMES.find((one) => one.code === code)?.label ?? code

export const CONFIDENCE: Record<'A' | 'B' | 'C', string> = { A: '确定', B: '很可能', C: '需核对' }

const RELATIONS: Record<string, string> = {
  head: '户主',
  spouse: '配偶',
  child: '子女',
  son: '子',
  daughter: '女',
  parent: '父母',
  father: '父亲',
  mother: '母亲',
  grandchild: '孙辈',
  grandparent: '祖辈',
  sibling: '兄弟姐妹',
  tenant: '租户',
  other: '其他',
}
const SEXES: Record<string, string> = { male: '男', female: '女' }
const OCCUPANCIES: Record<string, string> = { occupied: '有人住', vacant: '空置', let: '出租', unknown: '不详' }
const PLACE_KINDS: Record<string, string> = {
  building: '楼栋',
  dwelling: '房屋',
  premises: '场所',
  unit: '单位',
  zone: '分区',
  parcel: '地块',
}
const PLACE_NAME_KINDS: Record<string, string> = {
  natural_village: '自然村',
  road: '道路',
  compound: '居民区',
  water: '水系',
  mountain: '山体',
  landmark: '地标',
  other: '地名',
}
const HOUSEHOLD_KINDS: Record<string, string> = { family: '家庭户', collective: '集体户', single: '单人户' }
const EVENT_STATES: Record<string, string> = {
  open: '待处理',
  in_progress: '处理中',
  closed: '已办结',
  cancelled: '已撤销',
  recorded: '已登记',
}
const OBJECT_STATES: Record<string, string> = { normal: '正常', damaged: '损坏', missing: '缺失', retired: '停用' }
const IMPORT_STATES: Record<string, string> = {
  staged: '已读入',
  checked: '已检查',
  published: '已发布',
  failed: '失败',
}
const ENTITIES: Record<string, string> = {
  household_member: '家庭成员',
  posting: '网格责任',
  division: '区划',
  administrative_division: '区划',
  cell: '网格',
  grid_cell: '网格',
  address: '标准地址',
  standard_address: '标准地址',
  household: '住户',
  person: '人员',
  event: '事件',
  place: '场所',
  place_name: '地名',
  facility: '部件',
  worker: '网格员',
  visit: '走访',
  person_place: '人房关联',
  address_cell: '地址归格',
}
const OPERATIONS: Record<string, string> = { added: '新增', changed: '变更', removed: '移除' }
const COUNTS: Record<string, string> = {
  read: '读取',
  rows: '总行数',
  total: '总行数',
  staged: '读入',
  added: '新增',
  new: '新增',
  changed: '变更',
  updated: '变更',
  unchanged: '未变',
  published: '发布',
  warned: '提醒',
  rejected: '退回',
  removed: '移除',
  retired: '停用',
  review: '待复核',
  reviews: '待复核',
  matched: '匹配地址',
  unmatched: '未匹配',
  skipped: '跳过',
  repeated: '重复',
  texts: '地址文本',
}

export const orSelf =
  (table: Record<string, string>) =>
  (code: string | null | undefined): string =>
    code ? (table[code] ?? code) : ''

export const relationLabel = orSelf(RELATIONS)
export const sexLabel = orSelf(SEXES)
export const occupancyLabel = orSelf(OCCUPANCIES)
export const placeKindLabel = orSelf(PLACE_KINDS)
export const placeNameKindLabel = orSelf(PLACE_NAME_KINDS)
export const householdKindLabel = orSelf(HOUSEHOLD_KINDS)
export const eventStateLabel = orSelf(EVENT_STATES)
export const objectStateLabel = orSelf(OBJECT_STATES)
export const importStateLabel = orSelf(IMPORT_STATES)
export const entityLabel = orSelf(ENTITIES)
export const operationLabel = orSelf(OPERATIONS)
export const countLabel = orSelf(COUNTS)

/** Purposes offered where one must be stated; any other may be typed. */
export const PURPOSE_MIN = 4
export const PURPOSES = ['上门走访联系', '核对身份信息', '处理预警', '办理政务服务'] as const
