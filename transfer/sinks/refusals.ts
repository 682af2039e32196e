import type { SinkContext } from './sink.ts'

/** Why samples were refused. All of them are also in the destination's `refused`. */
export interface Refusals {
  /** The latest reason in words. */
  readonly last: string | undefined
  /** `unfit`: the protocol cannot carry it, it was not sent. `peer`: the peer said no to it. */
  count(kind: 'unfit' | 'peer', samples: number, reason: string): void
}

/** A flood of refusals is one line a minute. */
const tellEveryMs = 60_000
const maxReasonLength = 300

/** Counts `<name>.refused.unfit` and `<name>.refused.peer`. */
export function createRefusals({ name, counters, log }: SinkContext): Refusals {
  let last: string | undefined
  let toldAt = -Infinity
  let untold = 0
  return {
    get last() {
      return last
    },
    count(kind, samples, reason) {
      if (samples === 0) return
      counters.add(`${name}.refused.${kind}`, samples)
      last = reason.slice(0, maxReasonLength)
      untold += samples
      if (performance.now() - toldAt < tellEveryMs) return
      log.warn({ samples: untold, kind, reason: last }, 'samples refused')
      toldAt = performance.now()
      untold = 0
    },
  }
}
