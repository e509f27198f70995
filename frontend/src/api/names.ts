/**
 * Short names for what the interface takes and gives; what each holds stands in `schema.d.ts`, which is generated from the server's own
 * description (`npm run client`). Coordinates are lon, lat in CGCS2000 (EPSG:4490), degrees.
 */
import type { Readable } from 'openapi-typescript-helpers'
import type { components, operations } from './schema'

type Schemas = Readable<components['schemas']>

export type Account = Schemas['AccountOut']
export type Welcome = Schemas['WelcomeOut']
export type FailedBefore = Schemas['FailuresOut']
export type Role = Schemas['Role']
export type Proof = Schemas['Proof']
export type SecondFactor = Schemas['SecondFactorOut']
export type Enrolment = Schemas['EnrolmentOut']
export type OpenSession = Schemas['SessionOut']
export type Token = Schemas['AccessTokenOut']
export type ListedAccount = Schemas['ListedAccountOut']
export type Overview = Schemas['Overview']
export type OutsideMap = Schemas['OutsideMapOut']
export type CellCard = Schemas['CellOut']
export type Catalogue = Schemas['Catalogue']

export type AddressHits = Schemas['AddressSearch']
export type Candidate = Schemas['CandidateOut']
export type PlaceName = Schemas['PlaceNameOut']
export type DivisionHit = Schemas['DivisionOut']
export type AddressDetail = Schemas['AddressDetail']
export type Review = Schemas['ReviewOut']

export type Household = Schemas['HouseholdOut']
export type FoundHousehold = Schemas['FoundHousehold']
export type Visit = Schemas['VisitOut']
export type VisitIn = Schemas['NewVisitIn']
export type Outcome = VisitIn['outcome']
export type PersonQuery = Schemas['PersonQuery']
export type FoundPerson = Schemas['PersonOut']
export type RevealField = Schemas['RevealIn']['field']

export type Alert = Schemas['AlertOut']
export type AlertDetail = Schemas['AlertDetail']
export type AlertCounts = Schemas['AlertCounts']
export type AlertHistoryItem = Schemas['StepOut']
export type Severity = Alert['severity']
export type AlertStatus = Alert['status']
export type TransitionIn = Schemas['TransitionIn']
export type AlertAction = TransitionIn['action']
export type Verdict = NonNullable<TransitionIn['verdict']>
export type Assignee = Schemas['AssigneeOut']
export type Rule = Schemas['RuleOut']

export type Mapping = Schemas['MappingOut']
export type ImportBatch = Schemas['BatchOut']
export type ImportReport = Schemas['BatchDetail']
export type ImportWarning = Schemas['WarningOut']
export type Change = Schemas['ChangeOut']
export type Facts = NonNullable<Change['before']>

export type Raster = Schemas['RasterOut']
export type Flood = Schemas['FloodOut']
export type FloodHousehold = Schemas['FloodHousehold']

export type AuditEvent = Schemas['AuditEventOut']
export type AuditAction = Schemas['AuditActionOut']
export type AuditHead = Schemas['AuditHeadOut']

/** Where the next page of a list begins; null at its end. */
export type Cursor = Schemas['PageOut_AlertOut_']['next']

type QueryOf<Operation extends keyof operations> = NonNullable<operations[Operation]['parameters']['query']>
export type AlertQuery = QueryOf<'alerts_api__county__alerts_get'>
export type AuditQuery = QueryOf<'trail_page_api__county__audit_get'>
