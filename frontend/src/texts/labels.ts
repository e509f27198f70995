/** Chinese words for the codes of the interface; vocabulary.json is written by scripts/write_vocabulary from the server's. */
import type { Outcome, Role, Severity } from '@/api/names'
import {
  address_status,
  change_operation,
  confidence_class,
  event_state,
  facility_state,
  household_kind,
  import_stage,
  import_state,
  occupancy,
  place_kind,
  place_name_kind,
  record,
  role,
  severity,
  sex,
  visit_outcome,
} from './vocabulary.json'

export const ROLES: Record<Role, string> = role

/** Roles that the security administrator may grant; the three administrators are appointed on the server. */
export const GRANTABLE: Role[] = ['grid_worker', 'village_officer', 'town_official', 'gis_staff', 'county_admin']

export const SEVERITIES: Record<Severity, string> = severity

export const OUTCOMES = Object.entries(visit_outcome satisfies Record<Outcome, string>).map(([code, label]) => ({
  code: code as Outcome,
  label,
}))

export const outcomeLabel = (code: string): string => OUTCOMES.find((one) => one.code === code)?.label ?? code

export const CONFIDENCE: Record<'A' | 'B' | 'C', string> = confidence_class

export const orSelf =
  (table: Record<string, string>) =>
  (code: string | null | undefined): string =>
    code ? (table[code] ?? code) : ''

export const addressStatusLabel = orSelf(address_status)
export const sexLabel = orSelf(sex)
export const occupancyLabel = orSelf(occupancy)
export const placeKindLabel = orSelf(place_kind)
export const placeNameKindLabel = orSelf(place_name_kind)
export const householdKindLabel = orSelf(household_kind)
export const eventStateLabel = orSelf(event_state)
export const objectStateLabel = orSelf(facility_state)
export const importStageLabel = orSelf(import_stage)
export const importStateLabel = orSelf(import_state)
/** Records of which changes are told. */
export const ENTITIES = Object.keys(record)
export const entityLabel = orSelf(record)
export const operationLabel = orSelf(change_operation)

/** Purposes offered where one must be stated; any other may be typed. */
export const PURPOSES = ['上门走访联系', '核对身份信息', '处理预警', '办理政务服务'] as const
