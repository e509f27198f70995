/**
 * Visits recorded without signal (离线走访), kept on this device until the server has them.
 *
 * What is kept is the least that can be sent: the household's number in the database, the outcome, the note and the
 * time. No name, address, ID number or phone is written to the device. The note is free text and lies here readable, as
 * long as it waits: the page tells the worker so. Each visit carries a client_uid made once, so sending it again after
 * a lost answer makes no second visit. Only the account that recorded a visit sees and sends it.
 */
import Dexie, { type Table } from 'dexie'
import type { Outcome, VisitIn } from '@/api/types'

export interface WaitingVisit {
  client_uid: string
  county: string
  username: string
  household_id: number
  outcome: Outcome
  note: string | null
  visited_at: string
  /** why the server refused it; it is then kept until the worker discards it */
  refused: string | null
}

class VisitDatabase extends Dexie {
  visits!: Table<WaitingVisit, string>
  constructor() {
    super('onemap-visits')
    this.version(1).stores({ visits: 'client_uid, [county+username]' })
  }
}

const database = new VisitDatabase()

/** A version-4 UUID; crypto.randomUUID is missing on plain http, where county networks often are. */
export function newUid(): string {
  const random = crypto.getRandomValues(new Uint8Array(16))
  const bytes = random.map((byte, at) => (at === 6 ? (byte & 0x0f) | 0x40 : at === 8 ? (byte & 0x3f) | 0x80 : byte))
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

export async function keepVisit(visit: WaitingVisit): Promise<void> {
  await database.visits.put(visit)
}

export async function listVisits(county: string, username: string): Promise<WaitingVisit[]> {
  const found = await database.visits.where('[county+username]').equals([county, username]).toArray()
  return found.sort((a, b) => a.visited_at.localeCompare(b.visited_at))
}

export async function discardVisit(clientUid: string): Promise<void> {
  await database.visits.delete(clientUid)
}

export type SendResult = 'sent' | 'later' | { refused: string }

/**
 * Send what waits, oldest first. A refusal marks its visit and goes on; a lost connection stops the round.
 * Gives the visits sent.
 */
export async function sendVisits(
  county: string,
  username: string,
  send: (householdId: number, visit: VisitIn) => Promise<SendResult>,
): Promise<WaitingVisit[]> {
  const sent: WaitingVisit[] = []
  for (const visit of await listVisits(county, username)) {
    if (visit.refused) continue
    const { client_uid, visited_at, outcome, note } = visit
    const result = await send(visit.household_id, { client_uid, visited_at, outcome, note })
    if (result === 'later') break
    if (result === 'sent') {
      await discardVisit(client_uid)
      sent.push(visit)
    } else {
      await keepVisit({ ...visit, refused: result.refused })
    }
  }
  return sent
}
