import { Problem } from '@/api/client'
import { underWay } from '@/texts/imports'
import type { ImportBatch } from '@/api/names'

export const LOOK_MS = 1000
/** A look that failed is made again, later each time: the import goes on whether it is watched or not. */
export const LONGEST_MS = 15_000

/**
 * Look at an import until it has ended, and once more than that never. seen: hears each look.
 * Ends with the last look; rejects only when the signal is given, with its reason.
 */
export async function followImport<Batch extends ImportBatch>(
  look: () => Promise<Batch>,
  seen: (batch: Batch) => void,
  signal: AbortSignal,
): Promise<Batch> {
  let wait = LOOK_MS
  for (;;) {
    try {
      const batch = await look()
      signal.throwIfAborted()
      seen(batch)
      if (!underWay(batch)) return batch
      wait = LOOK_MS
    } catch (problem) {
      signal.throwIfAborted()
      if (problem instanceof Problem && problem.status >= 400 && problem.status < 500) throw problem
      wait = Math.min(wait * 2, LONGEST_MS)
    }
    await later(wait, signal)
  }
}

function later(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        reject(signal.reason as Error)
      },
      { once: true },
    )
  })
}
