import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import type { Journal } from '../journal/journal.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { RuleSet } from '../rules/rule-set.ts'
import { capacityFor } from '../series/tracked-series.ts'
import type { TrackedSeries } from '../series/tracked-series.ts'
import type { Registry } from '../series/registry.ts'
import type { Rule } from '../rules/rule.ts'
import type { createHistories } from '../series/history.ts'
import type { Transaction } from './transaction.ts'

/** What may be changed while judge runs. All times in seconds. */
export interface JudgeSettings {
  /** Points a series keeps at least, and at most whatever its rules ask for. */
  readonly remain: number
  readonly historyLimit: number
  /** Between two events of one PROBLEM. */
  readonly minInterval: number
  /** A point older than this (and than three of its steps) is kept but not judged; 0 judges all. */
  readonly staleAfterSeconds: number
  /** Whether an alarm whose rule went away gets an OK event. */
  readonly closeOnChange: boolean
  /** Whether events go to the queue at all. */
  readonly sendEvents: boolean
}

/** An alarm that was closed although no point said so. */
export interface Closing {
  readonly endpoint: string
  readonly metric: string
  readonly tags: string
  readonly rule: string
  readonly reason: string
  /** Unix seconds. */
  readonly at: number
}

/** Everything judge knows, for the functions that work on it. One thread, and no function gives way half-done. */
export interface JudgeState {
  settings: JudgeSettings
  rules: RuleSet
  readonly registry: Registry
  readonly histories: ReturnType<typeof createHistories>
  readonly transaction: Transaction
  readonly journal: Journal
  readonly outbox: Outbox
  readonly counters: Counters
  readonly log: Logger
  /** Milliseconds. */
  readonly now: () => number
  /** Series that ever had an event; few. */
  readonly alarmed: Set<TrackedSeries>
  /** Series with a nodata rule. */
  readonly watched: Set<TrackedSeries>
  /** The latest, oldest first; the journal and the log have them all. */
  readonly closings: Closing[]
  /** Why the journal took nothing at the last try; undefined when it did. */
  journalFailure: string | undefined
  /** Unix seconds. */
  readonly startedAt: number
  /** Unix seconds when anything at all last came in; the start counts. */
  lastReceived: number
  /** Unix seconds from which silence counts: our start, or the end of the last time in which nobody sent anything. */
  silenceCountsFrom: number
}

/** Gives a series the rules of the current set and room for what they look at. */
export function bind(state: JudgeState, series: TrackedSeries, rules: readonly Rule[]): void {
  series.version = state.rules.version
  if (series.rules === rules) return
  series.rules = rules
  series.window = rules.reduce((longest, rule) => Math.max(longest, rule.window), 0)
  const capacity = capacityFor(rules, state.settings.remain, state.settings.historyLimit)
  if (capacity !== series.history.capacity) {
    const before = series.history
    series.history = state.histories.take(capacity)
    series.history.copyFrom(before)
    state.histories.giveBack(before)
  }
  if (rules.some((rule) => rule.silentSteps > 0)) state.watched.add(series)
  else state.watched.delete(series)
}

/** Forgets a series: no rule wants it, or it has been silent for long. */
export function drop(state: JudgeState, series: TrackedSeries): void {
  state.registry.delete(series)
  state.watched.delete(series)
  state.alarmed.delete(series)
  state.histories.giveBack(series.history)
  series.version = droppedVersion
}

/** No rule set has this version, so a link slot that still knows a dropped series looks for it anew. */
export const droppedVersion = -1
