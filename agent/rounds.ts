import type { ReceivedItem } from '#protocol'
import type { Counters } from '#lib/counters'
import type { CollectedSample } from './collectors/collector.ts'
import { createRounds } from './collectors/round.ts'
import type { CollectorTrouble, Rounds } from './collectors/round.ts'
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
  /** Asked in each round. */
  readonly settings: () => {
    stepSeconds: number
    endpoint: string
    defaultTags: string
    ignore: Readonly<Record<string, boolean>>
  }
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
  /**
   * Other collectors of the host from the round after the next on. In the next round those there are say what the step
   * gave, and the new ones read beside them for the first time: no average begins anew, no round is missed.
   */
  replace(collectors: readonly Collector[]): void
  /** Collectors that failed the last time, or hang. */
  troubles(): CollectorTrouble[]
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
  const { settings, lastValues, hold, counters, log, now } = options
  const limits = { log, counters }
  const quickLimits = {
    ...limits,
    get deadlineMs() {
      return Math.min(deadlineMs, settings().stepSeconds * 1000)
    },
  }
  let quick = createRounds(options.collectors, quickLimits)
  let successor: Rounds | undefined
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
    const { stepSeconds, endpoint, defaultTags, ignore } = settings()
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

  async function takeOver(rounds: Rounds): Promise<void> {
    successor = undefined
    await rounds.collect()
    quick = rounds
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
      const replacing = successor && takeOver(successor)
      await Promise.all([host, replacing, ...slow.map((rounds) => collectFrom(rounds, plannedMs, undefined, host))])
    },
    replace(collectors) {
      successor = createRounds(collectors, quickLimits)
    },
    troubles: () => [quick, ...slow].flatMap((rounds) => rounds.troubles()),
  }
}
