/** The cell under the pointer: its name from the tile at once, its worker and counts asked for once for each cell. */
import type { CellCard } from '@/api/names'
import { SEVERITIES } from '@/texts/labels'

/** A pointer that rests this long asks for the counts, milliseconds. */
export const REST_MS = 180
/** What was answered is believed this long, milliseconds. */
export const KEPT_MS = 60_000

export interface PointedCell {
  code: string
  name: string
}

/** The finest cell among the features at a point. */
export function cellOf(found: { properties: Record<string, unknown> }[]): PointedCell | null {
  const cells = found.map(({ properties }) => ({ code: String(properties['id'] ?? ''), name: String(properties['name'] ?? '') }))
  return cells.filter((one) => one.code && one.name).sort((a, b) => b.code.length - a.code.length)[0] ?? null
}

/** One request for a cell, however often it is pointed at; a failed one is asked for again. */
export class CellCards {
  private readonly kept = new Map<string, { at: number; card: Promise<CellCard> }>()

  constructor(
    private readonly ask: (code: string) => Promise<CellCard>,
    private readonly now: () => number = Date.now,
  ) {}

  get(code: string): Promise<CellCard> {
    const kept = this.kept.get(code)
    if (kept && this.now() - kept.at < KEPT_MS) return kept.card
    const card = this.ask(code)
    this.kept.set(code, { at: this.now(), card })
    card.catch(() => this.kept.delete(code))
    return card
  }

  /** Something changed: ask again. */
  forget(): void {
    this.kept.clear()
  }
}

/** What the card says under the name, one a line. */
export function cellLines(card: CellCard): string[] {
  const lead = card.workers.filter((one) => one.duty === 'lead').map((one) => one.name)
  const members = card.workers.filter((one) => one.duty !== 'lead').map((one) => one.name)
  const lines = [
    lead.length || members.length
      ? `网格员 ${lead.join('、') || '未定'}${members.length ? `（协助 ${members.join('、')}）` : ''}`
      : '没有网格员，或不在您的数据范围内',
  ]
  if (card.households !== null) lines.push(`住户 ${card.households} 户`)
  if (card.open_alerts) {
    const { high, medium, low } = card.open_alerts
    const parts = Object.entries({ high, medium, low }).filter(([, n]) => n)
    const words = parts.map(([severity, n]) => `${SEVERITIES[severity as keyof typeof SEVERITIES]} ${n}`).join('，')
    lines.push(parts.length ? `未办结预警 ${high + medium + low}（${words}）` : '没有未办结预警')
  }
  return lines
}
