import type { Counters } from '#lib/counters'

/** One item or call that was refused, as `/rejected` shows it. */
export interface RejectedExample {
  readonly reason: string
  /** Address of who sent it, without the port. */
  readonly peer: string
  /** Unix seconds. */
  readonly time: number
  /** The item, its long texts clipped; the beginning of the call when that could not be read. */
  readonly item: unknown
}

/** Counts what is refused, and keeps the latest examples of each reason. */
export interface Rejected {
  /** `item` is described only when an example is kept, so that a flood stays cheap. */
  add(reason: string, peer: string, item: unknown, count?: number): void
  /** Refused since the start, by reason, with the latest examples first. */
  report(): Record<string, { count: number; examples: RejectedExample[] }>
}

/** While a reason has all its examples, a new one is kept at most this often. */
const exampleEveryMs = 100
const maxTextLength = 256

/** `now` is in milliseconds. Each refusal adds to `RejectedCnt` and to `Rejected.<reason>`. */
export function createRejected(counters: Counters, keep: number, now: () => number): Rejected {
  const reasons = new Map<string, { count: number; counter: string; keptAt: number; examples: RejectedExample[] }>()
  return {
    add(reason, peer, item, count = 1) {
      let known = reasons.get(reason)
      if (!known) {
        known = { count: 0, counter: `Rejected.${reason.replaceAll(' ', '_')}`, keptAt: 0, examples: [] }
        reasons.set(reason, known)
      }
      known.count += count
      counters.add('RejectedCnt', count)
      counters.add(known.counter, count)
      const time = now()
      if (known.examples.length >= keep && time - known.keptAt < exampleEveryMs) return
      known.keptAt = time
      known.examples.unshift({ reason, peer, time: Math.floor(time / 1000), item: described(item) })
      if (known.examples.length > keep) known.examples.pop()
    },
    report: () =>
      Object.fromEntries([...reasons].map(([reason, { count, examples }]) => [reason, { count, examples }])),
  }
}

/** A copy that holds on to nothing large: texts are clipped, members that are objects are named only. */
function described(item: unknown): unknown {
  if (typeof item !== 'object' || item === null) return scalar(item)
  if (Array.isArray(item)) return '(an array)'
  return Object.fromEntries(
    Object.entries(item)
      .slice(0, 20)
      .map(([name, value]) => [clipped(name), scalar(value)]),
  )
}

function scalar(value: unknown): unknown {
  if (typeof value === 'string') return clipped(value)
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? '(an array)' : '(an object)'
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}

function clipped(text: string): string {
  if (text.length <= maxTextLength) return text
  // Through a buffer, because a slice would keep the whole text alive.
  return `${Buffer.from(text.slice(0, maxTextLength)).toString()}…`
}
