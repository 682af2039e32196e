import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '#lib/log'
import { KissOfDeath, askServer, systemClocks } from './ask.ts'
import type { Clocks, Measured } from './ask.ts'

/** Between two measurements, a tenth more or less. */
const everyMs = 300_000
/** Nothing makes us ask more often than that. */
const leastPauseMs = 16_000
/** An offset that could not be measured anew for that long is not told any more. */
const freshForMs = 3 * everyMs
/** Servers asked for one measurement, one after the other: each name may take one of the few threads for a while. */
const serversAtMost = 4
const answerMs = 3000
/** A server whose answer took unusually long is asked again, the shortest way counts. */
const triesAtMost = 3
const betweenTriesMs = 2000
const delaysRemembered = 8
/** How long a server is left in peace that says we ask too often. */
const rateRestMs = 3_600_000
/** A clock that moved by more than this between two looks was set, and is measured anew at once. */
const jumpMs = 500

export interface ClockOffset {
  /** How many milliseconds this host is ahead, as measured last; undefined when that is unknown. Measures anew when due. */
  look(): number | undefined
}

/**
 * How far the clock of this host is from those of time servers, measured rarely and in the background. Of three servers or
 * more the median counts, so that one that lies is outvoted; of fewer the one with the shortest way.
 */
export function createClockOffset(options: {
  /** Asked before each measurement; empty: nothing is sent. */
  servers: () => readonly string[]
  random?: () => number
  log?: Pick<Logger, 'warn'> | undefined
  ask?: typeof askServer
  clocks?: Clocks
  pause?: (ms: number) => Promise<unknown>
}): ClockOffset {
  const { servers, random = Math.random, log, ask = askServer, clocks = systemClocks } = options
  const pause = options.pause ?? ((ms: number) => sleep(ms, undefined, { ref: false }))
  const { now, monotonic } = clocks
  const restUntil = new Map<string, number>()
  const delays = new Map<string, number[]>()
  let last: { readonly offsetMs: number; readonly at: number; readonly shift: number } | undefined
  let measuring = false
  let startedAt = -Infinity
  let dueAt = -Infinity
  let trouble: string | undefined

  /** Between the two clocks: it changes when the host's clock is set, and only then. */
  const shift = () => now() - monotonic()

  function isUnusual(server: string, delayMs: number): boolean {
    const shortest = Math.min(...(delays.get(server) ?? []))
    return delayMs > shortest * 3 && delayMs > shortest + 10
  }

  async function askPatiently(server: string): Promise<Measured> {
    let best = await ask(server, answerMs, clocks)
    for (let tries = 1; tries < triesAtMost && isUnusual(server, best.delayMs); tries++) {
      await pause(betweenTriesMs)
      const again = await ask(server, answerMs, clocks)
      if (again.delayMs < best.delayMs) best = again
    }
    delays.set(server, [...(delays.get(server) ?? []), best.delayMs].slice(-delaysRemembered))
    return best
  }

  async function measure(): Promise<void> {
    const before = shift()
    const found: Measured[] = []
    let failure: string | undefined
    const wanted = servers().filter((server) => (restUntil.get(server) ?? -Infinity) <= monotonic())
    for (const server of wanted.slice(0, serversAtMost)) {
      try {
        found.push(await askPatiently(server))
      } catch (error) {
        failure = (error as Error).message
        if (error instanceof KissOfDeath) {
          restUntil.set(server, error.code === 'RATE' ? monotonic() + rateRestMs : Infinity)
          log?.warn({ server, code: error.code }, 'time server wants to be left in peace')
        }
      }
    }
    const best = choose(found)
    // Set meanwhile: what was measured is not what is now.
    if (best && Math.abs(shift() - before) <= jumpMs) {
      last = { offsetMs: best.offsetMs, at: monotonic(), shift: shift() }
    }
    if (!best && failure !== undefined && trouble === undefined)
      log?.warn({ reason: failure }, 'no time server answers')
    trouble = best ? undefined : failure
  }

  async function start(): Promise<void> {
    measuring = true
    startedAt = monotonic()
    dueAt = startedAt + everyMs * (0.9 + random() / 5)
    try {
      await measure()
    } finally {
      measuring = false
    }
  }

  return {
    look() {
      const jumped = last !== undefined && Math.abs(shift() - last.shift) > jumpMs
      if (jumped) last = undefined
      const at = monotonic()
      if (jumped) dueAt = at
      if (!measuring && at >= dueAt && at - startedAt >= leastPauseMs) void start()
      if (last && at - last.at > freshForMs) last = undefined
      return last?.offsetMs
    },
  }
}

/** Undefined for none. */
export function choose(found: readonly Measured[]): Measured | undefined {
  if (found.length < 3) return found.toSorted((a, b) => a.delayMs - b.delayMs)[0]
  return found.toSorted((a, b) => a.offsetMs - b.offsetMs)[(found.length - 1) >> 1]
}
