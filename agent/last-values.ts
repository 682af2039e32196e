import { counterOf } from '#protocol'
import type { CollectedSample } from './collectors/collector.ts'

/** The newest value of one of our own series. */
export interface LastValue {
  readonly sample: CollectedSample
  /** Unix milliseconds. */
  readonly atMs: number
  /** Of a COUNTER, per second since the value before; undefined for the first one and after a reset. */
  readonly perSecond: number | undefined
}

/** What this agent measured last, for its pages: also what is not sent. */
export interface LastValues {
  record(samples: readonly CollectedSample[], atMs: number): void
  value(metric: string, tags?: string): number | undefined
  /** All of them by metric and tags; `only` restricts it to names that begin so. */
  list(only?: string): LastValue[]
  /** Series that are silent for this long are forgotten from now on. */
  keepFor(ms: number): void
}

/** On a clock that is never set, so that rates are right when the other one was. */
interface Timed extends LastValue {
  readonly steadyMs: number
}

/**
 * Series that are silent for `keepMs` are forgotten. `seen` is told each value. `steadyNow` gives milliseconds of a clock
 * that is never set; without it rates are by the other one.
 */
export function createLastValues(
  keepMs: number,
  seen: (value: LastValue) => void = () => undefined,
  steadyNow?: () => number,
): LastValues {
  let keptMs = keepMs
  const values = new Map<string, Timed>()
  let lookedAtMs = -Infinity

  /** Looking at all of them is not worth it for each part of a round. */
  function forget(atMs: number): void {
    if (Math.abs(atMs - lookedAtMs) < keptMs / 10) return
    lookedAtMs = atMs
    for (const [key, { atMs: at }] of values) if (Math.abs(atMs - at) > keptMs) values.delete(key)
  }

  return {
    record(samples, atMs) {
      const steadyMs = steadyNow?.() ?? atMs
      for (const sample of samples) {
        const key = counterOf(sample.metric, sample.tags)
        const value = { sample, atMs, steadyMs, perSecond: rate(values.get(key), sample, steadyMs) }
        values.set(key, value)
        seen(value)
      }
      forget(atMs)
    },
    value: (metric, tags = '') => values.get(counterOf(metric, tags))?.sample.value,
    list: (only = '') =>
      [...values]
        .filter(([key]) => key.startsWith(only))
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([, value]) => value),
    keepFor(ms) {
      keptMs = ms
    },
  }
}

function rate(before: Timed | undefined, sample: CollectedSample, steadyMs: number): number | undefined {
  if (sample.counterType !== 'COUNTER' || !before || steadyMs <= before.steadyMs) return undefined
  const passed = sample.value - before.sample.value
  return passed < 0 ? undefined : (passed * 1000) / (steadyMs - before.steadyMs)
}
