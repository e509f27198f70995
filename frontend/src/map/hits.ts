/** What lies under a click on the map. */
import type { Catalogue } from '@/api/names'
import { dateTime } from '@/texts/format'
import vocabulary from '@/texts/vocabulary.json'
import type { TileLayer } from './layers'

export interface Hit {
  layer: TileLayer
  id: number
  properties: Record<string, unknown>
  lon: number
  lat: number
}

/** One hit for each record: a record near a tile border, or drawn twice, comes several times. */
export function distinctHits(hits: Hit[]): Hit[] {
  const seen = new Map<string, Hit>()
  for (const hit of hits) {
    const key = `${hit.layer}/${hit.id}`
    if (!seen.has(key)) seen.set(key, hit)
  }
  return [...seen.values()]
}

/** Fields that name a record, the first that is there. */
const NAMES = ['title', 'text', 'name', 'household_no', 'kind']

const nameField = (hit: Hit) => NAMES.find((name) => hit.properties[name] !== undefined && hit.properties[name] !== '')

/** A short name for the list that lets people choose among several records at one place. */
export function hitLabel(hit: Hit): string {
  const field = nameField(hit)
  const { members } = hit.properties
  return `${field ? String(hit.properties[field]) : ''}${members ? `（${String(members)} 人）` : ''}`
}

/** What the record is called: 部件. */
export function hitNoun(hit: Hit, catalogue: Catalogue | null): string {
  return catalogue?.kinds.find((kind) => kind.name === hit.layer)?.noun.zh ?? ''
}

/** What the tile says of it, beside its name: label and words, in the order of the catalogue. */
export function hitRows(hit: Hit, catalogue: Catalogue | null): { name: string; label: string; words: string }[] {
  const fields = catalogue?.kinds.find((kind) => kind.name === hit.layer)?.fields ?? []
  const words = (value: unknown, type: string, codes: string | null) => {
    const text = String(value)
    const labels = (codes ? (vocabulary as Record<string, unknown>)[codes] : {}) as Record<string, string>
    return type === 'timestamp' ? dateTime(text) : (labels[text] ?? text)
  }
  return fields
    .filter(({ name }) => name !== nameField(hit) && hit.properties[name] !== undefined && hit.properties[name] !== '')
    .map(({ name, label, type, vocabulary: codes }) => ({ name, label: label.zh, words: words(hit.properties[name], type, codes) }))
}
