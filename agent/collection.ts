import { performance } from 'node:perf_hooks'
import { checkFamilies } from './checks/index.ts'
import type { Check, CheckContext } from './checks/check.ts'
import { createCheckRunner } from './checks/runner.ts'
import type { CheckState } from './checks/runner.ts'
import type { Collector } from './collectors/collector.ts'
import type { CollectorTrouble } from './collectors/round.ts'
import { createHistory } from './history/history.ts'
import { createLastValues } from './last-values.ts'
import type { LastValues } from './last-values.ts'
import { createOwnRounds } from './rounds.ts'
import type { RoundsOptions } from './rounds.ts'
import { phaseOf, startSchedule } from './schedule.ts'
import type { Schedule } from './schedule.ts'
import type { AgentHour } from './status.ts'

/** What this agent measures itself, step after step, and what it remembers of it. */
export interface Collection {
  readonly lastValues: LastValues
  hour(): AgentHour
  checks(): CheckState[]
  troubles(): CollectorTrouble[]
  /** From the next round on; rates and averages go on. */
  replace(collectors: readonly Collector[]): void
  /** The next round comes a new step after the clock's beginning of one; it tells of all the time since the last. */
  changeStep(): void
  stop(): void
}

export interface CollectionOptions extends Omit<RoundsOptions, 'slowCollectors' | 'lastValues'> {
  /** Beside the checks. */
  readonly slowCollectors: readonly Collector[]
  /** Those that are wanted now. */
  readonly checks: () => readonly Check[]
  readonly context: () => CheckContext
  /** Nothing is collected by an agent that sends nothing. */
  readonly enabled: boolean
}

/** A value older than so many steps is not shown any more. */
const keptSteps = 5

export function startCollection(options: CollectionOptions): Collection {
  const { settings, checks, context, enabled, now } = options
  const stepMs = () => settings().stepSeconds * 1000
  let history = createHistory(stepMs())
  const lastValues = createLastValues(
    keptSteps * stepMs(),
    (value) => history.record(value),
    () => performance.now(),
  )
  const checkRunner = createCheckRunner({ families: checkFamilies, current: checks, context, now })
  const rounds = createOwnRounds({
    ...options,
    slowCollectors: [...checkRunner.collectors, ...options.slowCollectors],
    lastValues,
  })

  function collectEachStep(): Schedule | undefined {
    if (!enabled) return undefined
    const phaseMs = phaseOf(`${settings().endpoint}/collect`, stepMs())
    return startSchedule({ intervalMs: stepMs(), phaseMs, now, run: (planned) => void rounds.collect(planned) })
  }
  if (enabled) void rounds.prepare()
  let schedule = collectEachStep()

  return {
    lastValues,
    hour: () => ({ slotMs: history.slotMs, charts: history.charts(now()) }),
    checks: () => checkRunner.states(),
    troubles: () => rounds.troubles(),
    replace: (collectors) => rounds.replace(collectors),
    changeStep() {
      lastValues.keepFor(keptSteps * stepMs())
      const fresh = createHistory(stepMs())
      if (fresh.slotMs !== history.slotMs) history = fresh
      schedule?.stop()
      schedule = collectEachStep()
    },
    stop: () => schedule?.stop(),
  }
}
