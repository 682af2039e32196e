import type { JudgeConfig } from './config.ts'
import type { JudgeSettings, JudgeState } from './engine/state.ts'
import type { Publisher } from './outbox/publisher.ts'
import type { RulePull } from './rules/pull.ts'
import { isOpen } from './series/tracked-series.ts'

export function settingsOf(config: JudgeConfig): JudgeSettings {
  return {
    remain: config.remain,
    historyLimit: config.historyLimit,
    minInterval: config.alarm.minInterval,
    staleAfterSeconds: config.staleAfterSeconds,
    closeOnChange: config.closeOnChange,
    sendEvents: config.alarm.enabled,
  }
}

/** Registers the gauges, and puts what an operator should know into sentences. */
export function createShownState(parts: {
  readonly state: JudgeState
  readonly pull: RulePull
  readonly sending: Publisher | undefined
}): { notices(): string[]; refusedRules(): unknown } {
  const { state, pull, sending } = parts
  const { counters } = state
  // So that a zero is seen as a zero, not as something that is not counted.
  const counted = ['received', 'judged', 'late', 'stale', 'unmatched', 'refused', 'batches.rejected']
  for (const name of [
    ...counted,
    'events.made',
    'events.queued',
    'events.closed',
    'events.notSent',
    'events.unwritable',
    'queue.failures',
    'journal.failures',
    'journal.snapshots',
    'series.dropped',
    'rules.pulls',
    'rules.pullFailures',
    'rules.emptyAnswers',
    'rules.saveFailures',
  ])
    counters.add(name, 0)
  const rules = () => [...state.rules.all]
  const refused = () => rules().filter((rule) => rule.refusal !== undefined)
  const openAlarms = () => [...state.alarmed].filter(isOpen).length
  const ageSeconds = () => (pull.lastSuccess === 0 ? -1 : Math.round((state.now() - pull.lastSuccess) / 1000))
  counters.gauge('series', () => state.registry.size)
  counters.gauge('series.nodata', () => state.watched.size)
  counters.gauge('series.alarming', openAlarms)
  counters.gauge('events.waiting', () => state.outbox.waiting)
  // Under the name that every module has: what it holds because the next one has not taken it.
  counters.gauge('Waiting', () => state.outbox.waiting)
  counters.gauge('journal.bytes', () => state.journal.bytes)
  counters.gauge('journal.files', () => state.journal.files)
  counters.gauge('rules', () => state.rules.all.size)
  counters.gauge('rules.hosts', () => state.rules.hosts.size)
  counters.gauge('rules.refused', () => refused().length)
  counters.gauge('rules.unreadable', () => pull.problems.length)
  counters.gauge('rules.version', () => state.rules.version)
  counters.gauge('rules.ageSeconds', ageSeconds)

  return {
    notices() {
      const away = sending?.failure
      const full = state.outbox.full
      return [
        ...(pull.failure === undefined ? [] : [`rules are ${ageOf(ageSeconds())}: ${pull.failure}`]),
        ...(away === undefined ? [] : [`${state.outbox.waiting} events wait for the queue: ${away}`]),
        ...(state.journalFailure === undefined ? [] : [`points are left to transfer: ${state.journalFailure}`]),
        ...(full ? ['too many events wait, so points are left to transfer until the queue has room'] : []),
        ...refused().map((rule) => `${rule.key} is refused: ${rule.refusal}`),
        ...pull.problems,
      ]
    },
    refusedRules: () => ({
      refused: refused().map(({ key, source, refusal }) => ({ rule: key, [source.kind]: source.value, why: refusal })),
      unreadable: pull.problems,
    }),
  }
}

function ageOf(seconds: number): string {
  return seconds < 0 ? 'those of the last run' : `${seconds} s old`
}
