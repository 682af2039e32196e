import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Outcome } from './check.ts'

/** A round ends after 60 s, and what is not there by then is lost with all the rest of the family. */
const roundMs = 50_000

/** Within which targets are begun with, evenly: a thousand at once would time each other, not what they ask. */
const spreadMs = 20_000
const longestGapMs = 10

/**
 * Asks each target by itself, at most `parallel` at a time. One whose answer might come after the round is not asked:
 * it has no values this time, rather than wrong ones. A random one is asked first, so that it is not always the same
 * ones.
 */
export async function eachTarget<Target>(
  targets: readonly Target[],
  limits: {
    readonly parallel: number
    /** How long `ask` may take. */
    readonly longestMs: (target: Target) => number
    readonly roundMs?: number
  },
  ask: (target: Target) => Promise<Outcome>,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  const startedAt = performance.now()
  const gapMs = Math.min(longestGapMs, spreadMs / targets.length)
  const first = Math.floor(Math.random() * targets.length)
  const order = [...targets.entries()]
  const queue = [...order.slice(first), ...order.slice(0, first)].entries()
  const worker = async () => {
    for (const [place, [i, target]] of queue) {
      const earlyMs = startedAt + place * gapMs - performance.now()
      if (earlyMs > 0) await sleep(earlyMs)
      const askedAt = performance.now()
      if (askedAt - startedAt + limits.longestMs(target) > (limits.roundMs ?? roundMs)) {
        outcomes[i] = { values: {}, reason: 'not asked: others are so slow that no time was left in this round' }
        continue
      }
      const outcome = await ask(target)
      outcomes[i] = { durationMs: performance.now() - askedAt, ...outcome }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limits.parallel, targets.length) }, worker))
  return outcomes
}
