import type { ReceivedItem } from '#protocol'
import type { Counters } from '#lib/counters'
import type { CollectedSample } from './collectors/collector.ts'
import { createRounds } from './collectors/round.ts'
import type { Rounds } from './collectors/round.ts'
import type { Collector } from './collectors/collector.ts'
import type { LastValues } from './last-values.ts'
import { inTurns } from './collectors/turns.ts'
import { ownItem } from './sender/outgoing.ts'
import type { Logger } from '#lib/log'

export interface RoundsOptions {
  readonly collectors: readonly Collector[]
  /** Each works at its own pace: what takes seconds must not hold up the others. */
  readonly slowCollectors: readonly Collector[]
  readonly selfMetrics: () => readonly CollectedSample[]
  readonly stepSeconds: number
  /** Asked in each round. */
  readonly settings: () => { endpoint: string; defaultTags: string; ignore: Readonly<Record<string, boolean>> }
  readonly lastValues: LastValues
  readonly hold: (items: readonly ReceivedItem[]) => void
  readonly counters: Counters
  readonly log: Logger
  readonly now: () => number
}

export interface OwnRounds {
  /** Reads everything once without sending, so that the first round can tell what changed since. */
  prepare(): Promise<void>
  /** One collection, stamped with the planned moment. A round still under way keeps the next from starting. */
  collect(plannedMs: number): Promise<void>
}

/** Samples handed on before others get their turn. */
const atOnce = 2000

/** A directory is measured for up to 30 s, whatever the step. */
const slowDeadlineMs = 60_000
const deadlineMs = 10_000

/**
 * Collects our own samples and hands them on. Counters: `received.own` for each, then `ignored` or, later, what became of
 * it when sent; `round.skipped` for rounds that found the one before still under way.
 */
export function createOwnRounds(options: RoundsOptions): OwnRounds {
  const { stepSeconds, settings, lastValues, hold, counters, log, now } = options
  const limits = { log, counters }
  const quick = createRounds(options.collectors, {
    ...limits,
    deadlineMs: Math.min(deadlineMs, stepSeconds * 1000),
  })
  const slow = options.slowCollectors.map((collector) =>
    createRounds([collector], { ...limits, deadlineMs: slowDeadlineMs }),
  )
  const underWay = new Set<Rounds>()

  async function collectFrom(
    rounds: Rounds,
    plannedMs: number,
    more: () => readonly CollectedSample[] = () => [],
    first: Promise<void> = Promise.resolve(),
  ): Promise<void> {
    if (underWay.has(rounds)) {
      counters.add('round.skipped')
      return
    }
    underWay.add(rounds)
    const samples = [...(await rounds.collect()), ...more()]
    underWay.delete(rounds)
    await first
    const { endpoint, defaultTags, ignore } = settings()
    const round = { endpoint, step: stepSeconds, timestamp: Math.floor(plannedMs / 1000), defaultTags }
    await inTurns(samples, atOnce, (part) => {
      lastValues.record(part, now())
      counters.add('received.own', part.length)
      const wanted = part.filter((sample) => ignore[sample.metric] !== true)
      counters.add('ignored', part.length - wanted.length)
      hold(wanted.map((sample) => ownItem(sample, round)))
      return []
    })
  }

  return {
    async prepare() {
      underWay.add(quick)
      lastValues.record([...(await quick.collect()), ...options.selfMetrics()], now())
      underWay.delete(quick)
    },
    async collect(plannedMs) {
      // The host's own samples lead each round, however fast a check or a neighbour answers.
      const host = collectFrom(quick, plannedMs, options.selfMetrics)
      await Promise.all([host, ...slow.map((rounds) => collectFrom(rounds, plannedMs, undefined, host))])
    },
  }
}
