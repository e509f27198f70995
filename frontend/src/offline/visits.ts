/**
 * Visits recorded without signal (离线走访), kept on this device until the server has them.
 *
 * What is kept is the least that can be sent: the household's number in the database, the outcome, the note and the
 * time. No name, address, ID number or phone is written to the device. The note is free text and lies here readable, as
 * long as it waits: the page tells the worker so. Each visit carries a client_uid made once, so sending it again after
 * a lost answer makes no second visit. Only the account that recorded a visit sees and sends it.
 */
import Dexie, { type Table } from 'dexie'
import type { Outcome, VisitIn } from '@/api/names'

export interface WaitingVisit {
  client_uid: string
  county: string
  username: string
  household_id: number
  outcome: Outcome
  note: string | null
  visited_at: string
  /** why the server refused it; it is then kept until the worker corrects it, hands it over or gives it up */
  refused: string | null
  /** the kind of that refusal, the last part of the problem's type */
  refused_kind: string | null
  /** how often it was sent, when last, and why it still waits */
  tries: number
  last_try_at: string | null
  last_problem: string | null
}

/** A visit that was never sent. */
export function newVisit(made: Omit<WaitingVisit, 'refused' | 'refused_kind' | 'tries' | 'last_try_at' | 'last_problem'>): WaitingVisit {
  return { ...made, refused: null, refused_kind: null, tries: 0, last_try_at: null, last_problem: null }
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
  // what an earlier version of the app kept lacks the later fields
  return found.map((one) => ({ ...newVisit(one), ...one })).sort((a, b) => a.visited_at.localeCompare(b.visited_at))
}

export async function discardVisit(clientUid: string): Promise<void> {
  await database.visits.delete(clientUid)
}

/** The server took its number for another visit: this one needs a number of its own. */
export const UID_TAKEN = 'visit-uid-taken'

/**
 * Change a refused visit, which then waits again. Gives its number, or null when it is not there or was not refused: what
 * merely waits may already be on the server, where sending it again changes nothing.
 */
export async function correctVisit(clientUid: string, outcome: Outcome, note: string | null): Promise<string | null> {
  return database.transaction('rw', database.visits, async () => {
    const stored = await database.visits.get(clientUid)
    if (!stored?.refused) return null
    const client_uid = stored.refused_kind === UID_TAKEN ? newUid() : clientUid
    if (client_uid !== clientUid) await database.visits.delete(clientUid)
    await database.visits.put({ ...stored, client_uid, outcome, note, refused: null, refused_kind: null })
    return client_uid
  })
}

/** later: why it waits; stop: nothing else would get through now. */
export type SendResult = 'sent' | { later: string; stop: boolean } | { refused: string; kind: string }

/**
 * Send what waits, oldest first. Only what the server has is forgotten here; everything else stays with the reason. A refusal or
 * a failure of one visit does not hold up the next; a lost connection ends the round. Gives the visits sent.
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
    if (result === 'sent') {
      await discardVisit(client_uid)
      sent.push(visit)
      continue
    }
    const tried = { tries: visit.tries + 1, last_try_at: new Date().toISOString() }
    // update, not put: another tab may have sent and forgotten it meanwhile
    if ('refused' in result) {
      await database.visits.update(client_uid, { ...tried, refused: result.refused, refused_kind: result.kind })
    } else {
      await database.visits.update(client_uid, { ...tried, last_problem: result.later })
      if (result.stop) break
    }
  }
  return sent
}
