import type { Span } from './client.ts'

/** Samples further ahead of the clock than this are refused, so there are none behind it. */
export const farthestAhead = 86_400

/** What time it is, and which times can hold samples. */
export interface Clock {
  /** Unix seconds. */
  now(): number
  /** From when a series is forgotten to as far ahead as samples may be. */
  everything(): Span
}

export function createClock(now: () => number, expireSeconds: number): Clock {
  return {
    now,
    everything: () => ({ start: Math.max(0, now() - expireSeconds), end: now() + farthestAhead }),
  }
}
