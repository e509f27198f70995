/** What lies under a click on the map. */
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

/** A short name for the list that lets people choose among several records at one place. */
export function hitLabel(hit: Hit): string {
  const { properties } = hit
  const text = (name: string) => (properties[name] === undefined || properties[name] === null ? '' : String(properties[name]))
  switch (hit.layer) {
    case 'persons':
      return `${text('household_no')}${text('members') ? `（${text('members')} 人）` : ''}`
    case 'alerts':
      return text('title')
    case 'addresses':
      return text('text')
    case 'events':
      return text('title') || text('kind')
    default:
      return text('name') || text('kind')
  }
}
