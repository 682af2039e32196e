import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import { createFrameWriter } from '../journal/frame.ts'
import { openJournal } from '../journal/journal.ts'
import type { JournalRecord } from '../journal/records.ts'
import { createOutbox } from '../outbox/outbox.ts'
import { buildRuleSet, emptyRuleSet } from '../rules/rule-set.ts'
import type { RuleSet } from '../rules/rule-set.ts'
import { loadRules } from '../rules/rules-file.ts'
import { createHistories } from '../series/history.ts'
import { createRegistry } from '../series/registry.ts'
import { capacityFor } from '../series/tracked-series.ts'
import { rebind } from './reconcile.ts'
import { createRecovery } from './recover.ts'
import type { Numbers } from './transaction.ts'
import { Transaction } from './transaction.ts'
import type { JudgeSettings, JudgeState } from './state.ts'

export interface RestoreOptions {
  /** Holds the journal. */
  readonly dir: string
  readonly rulesFile: string
  readonly settings: JudgeSettings
  /** Events held while the queue is away. */
  readonly maxWaiting: number
  readonly counters: Counters
  readonly log: Logger
  /** Milliseconds. */
  readonly now: () => number
}

export interface Restored {
  readonly state: JudgeState
  /** Our name at the event queue. */
  readonly producer: string
  /** First record of every new journal file. */
  readonly opening: () => JournalRecord
}

/**
 * Reads back the last rules, the points, the alarms and the events that wait. Nothing is written yet.
 * @throws Error when the folder or a file in it cannot be read. Torn ends are no error: they are reported and passed over.
 */
export async function restoreState(options: RestoreOptions): Promise<Restored> {
  const { dir, settings, counters, log, now } = options
  const registry = createRegistry()
  const histories = createHistories()
  // The journal needs to know who we are, which only reading it tells.
  let identity: { producer: string; numbers: Numbers } = { producer: '', numbers: { sequence: 0, series: 0 } }
  const opening = (): JournalRecord => ({ is: 'open', format: 1, producer: identity.producer, ...identity.numbers })
  const openingFrame = createFrameWriter()
  const journal = openJournal(
    dir,
    () => {
      openingFrame.record(opening())
      return openingFrame.finish()
    },
    log,
  )
  // Before the points, because rules say how many of them a series keeps.
  const rules = await lastRules(options)
  const recovery = createRecovery(registry, histories, ({ endpoint, metric, tags }) =>
    capacityFor(rules.rulesFor(endpoint, metric, tags), settings.remain, settings.historyLimit),
  )
  const report = journal.replay(recovery.visitor)
  const recovered = recovery.finish()
  identity = recovered
  const seconds = Math.floor(now() / 1000)
  const state: JudgeState = {
    settings,
    rules,
    registry,
    histories,
    transaction: new Transaction(recovered.numbers, createFrameWriter()),
    journal,
    outbox: createOutbox(options.maxWaiting),
    counters,
    log,
    now,
    alarmed: recovered.alarmed,
    watched: new Set(),
    closings: [],
    journalFailure: undefined,
    startedAt: seconds,
    lastReceived: seconds,
    silenceCountsFrom: seconds,
  }
  state.outbox.add(recovered.events)
  for (const series of registry.all()) rebind(state, series)
  counters.add('journal.tornBytes', report.tornBytes)
  counters.add('events.restored', recovered.events.length)
  if (report.files > 0)
    log.info({ ...report, series: registry.size, waitingEvents: recovered.events.length }, 'state restored')
  return { state, producer: recovered.producer, opening }
}

async function lastRules({ rulesFile, settings, log }: RestoreOptions): Promise<RuleSet> {
  try {
    const answers = await loadRules(rulesFile)
    return answers ? buildRuleSet(answers, emptyRuleSet, settings.historyLimit) : emptyRuleSet
  } catch (error) {
    log.warn({ err: error }, 'last rules cannot be read, judging begins when hbs answers')
    return emptyRuleSet
  }
}
