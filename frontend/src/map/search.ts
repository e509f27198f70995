/** What the search box lists: addresses, divisions, place names and households in one order, each with its kind. */
import type { AddressHits, Candidate, DivisionHit, FoundHousehold, PlaceName } from '@/api/names'
import { CONFIDENCE, placeNameKindLabel } from '@/texts/labels'

export type SearchItem = { key: string; title: string; detail: string; chip: string; tone: string; hint?: string } & (
  | { kind: 'address'; of: Candidate }
  | { kind: 'division'; of: DivisionHit }
  | { kind: 'place'; of: PlaceName }
  | { kind: 'household'; of: FoundHousehold }
)

export type Bounds = [number, number, number, number]

/** From this confidence on an address is what was typed, and stands above the divisions. */
const MEANT = 0.75

/** A household number: no Chinese in it, a digit at least. Longer runs of digits alone are a person's number, which never stands in a URL. */
export function isHouseholdNumber(typed: string): boolean {
  const text = typed.normalize('NFKC').replace(/\s/g, '')
  if (!/^[\x21-\x7e]{4,}$/.test(text) || !/\d/.test(text)) return false
  const plain = text.replace(/[-+()]/g, '')
  return !/^\d{17}[\dXx]$/.test(plain) && !/^\d{15}$/.test(plain) && !/^(?:00)?(?:86)?1\d{10}$/.test(plain)
}

export function searchItems(found: AddressHits, households: FoundHousehold[], places: boolean): SearchItem[] {
  const addresses = found.candidates.map(addressItem)
  const divisions = places ? found.divisions.map(divisionItem) : []
  const named = places ? found.place_names.map(placeItem) : []
  const meant = found.candidates.some((one) => one.confidence >= MEANT)
  return [...households.map(householdItem), ...(meant ? [...addresses, ...divisions] : [...divisions, ...addresses]), ...named]
}

/** An address without reasons completes what was typed: nothing was judged, so nothing is said about how sure it is. */
function addressItem(one: Candidate): SearchItem {
  const judged = one.reasons.length > 0
  return {
    kind: 'address',
    of: one,
    key: `address-${one.address_id}`,
    title: one.text,
    detail: one.reasons.map((reason) => reason.text).join(' · '),
    chip: judged ? `${one.confidence_class} ${CONFIDENCE[one.confidence_class]}` : '',
    tone: judged ? { A: 'good', B: 'medium', C: '' }[one.confidence_class] : '',
    hint: judged ? `匹配度 ${Math.round(one.confidence * 100)}%` : '',
  }
}

function divisionItem(one: DivisionHit): SearchItem {
  const above = [one.county, one.town].filter(Boolean).join(' ')
  return {
    kind: 'division',
    of: one,
    key: `division-${one.code}`,
    title: one.name,
    detail: [above, one.former ? `原名 ${one.former}` : ''].filter(Boolean).join(' · '),
    chip: one.kind ?? '区划',
    tone: 'info',
  }
}

function placeItem(one: PlaceName): SearchItem {
  return {
    kind: 'place',
    of: one,
    key: `place-${one.id}`,
    title: one.name,
    detail: [one.town, one.village].filter(Boolean).join(' ') || '全县',
    chip: placeNameKindLabel(one.kind),
    tone: '',
  }
}

function householdItem(one: FoundHousehold): SearchItem {
  return {
    kind: 'household',
    of: one,
    key: `household-${one.id}`,
    title: `${one.head_name ?? '住户'}（${one.members_n} 人）`,
    detail: [one.household_no, one.address].filter(Boolean).join(' · '),
    chip: '住户',
    tone: 'info',
  }
}

/** The middle of bounds, and the zoom at which they fill so many pixels. */
export function viewOf([west, south, east, north]: Bounds, pixels = 800): { lon: number; lat: number; zoom: number } {
  const lat = (south + north) / 2
  const width = Math.max(east - west, (north - south) / Math.cos((lat * Math.PI) / 180), 1e-4)
  return { lon: (west + east) / 2, lat, zoom: Math.min(16, Math.max(8, Math.log2((360 * pixels) / 512 / width))) }
}
