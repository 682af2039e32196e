import { join } from 'node:path'
import { createCounters } from '#lib/counters'
import type { Counters } from '#lib/counters'
import type { LinkAck } from '#lib/link'
import { createLogger } from '#lib/log'
import type { Logger } from '#lib/log'
import type { AlarmEvent, Expression, Series, Strategy } from '#protocol'
import { buildRuleSet } from '../rules/rule-set.ts'
import { saveRules } from '../rules/rules-file.ts'
import { createIntake } from './intake.ts'
import type { JudgeSlot } from './intake.ts'
import { restoreState } from './restore.ts'
import type { Restored } from './restore.ts'
import type { JudgeSettings } from './state.ts'

export const silentLog: Logger = createLogger('judge', { destination: { write: () => {} } })

/** A strategy that matches every series of `metric`; members may be given. */
export function strategy(given: Partial<Strategy> & { id: number }): Strategy {
  return {
    metric: 'm',
    tags: {},
    func: 'all(#1)',
    operator: '>',
    rightValue: 10,
    maxStep: 3,
    priority: 1,
    note: '',
    tpl: { id: 1, name: 'template', parentId: 0, actionId: 1, creator: 'root' },
    ...given,
  }
}

export function expression(given: Partial<Expression> & { id: number }): Expression {
  const { tpl: _, ...common } = strategy({ id: given.id })
  return { ...common, actionId: 1, ...given }
}

/** The judging half of a judge, with its journal in `dir` and a clock that stands where it is put. */
export interface FixtureJudge extends Restored {
  readonly counters: Counters
  /** Unix seconds. */
  clock: number
  /** Puts rules in force and keeps them for the next start. */
  use(hosts: Record<string, Strategy[]>, expressions?: Expression[]): Promise<void>
  /** Sends points of one series as one batch of one connection. */
  push(
    series: Partial<Series> & { endpoint: string },
    ...points: [timestamp: number, value: number][]
  ): Promise<LinkAck>
  /** What waits for the queue: `<status> <step> <event time> <left value>` of each event. */
  events(): string[]
  parsed(): AlarmEvent[]
}

export async function openFixture(
  dir: string,
  settings: Partial<JudgeSettings> = {},
  maxWaiting = 1000,
): Promise<FixtureJudge> {
  const counters = createCounters()
  const rulesFile = join(dir, 'rules.json')
  const fixture = { clock: 1_700_000_000 }
  const restored = await restoreState({
    dir,
    rulesFile,
    settings: {
      remain: 3,
      historyLimit: 20,
      minInterval: 0,
      staleAfterSeconds: 0,
      closeOnChange: true,
      sendEvents: true,
      ...settings,
    },
    maxWaiting,
    counters,
    log: silentLog,
    now: () => fixture.clock * 1000,
  })
  const { state } = restored
  const intake = createIntake(state)
  const slots = new Map<string, JudgeSlot>()
  const parsed = () => state.outbox.all().map(({ json }) => JSON.parse(json) as AlarmEvent)
  return Object.assign(fixture, restored, {
    counters,
    async use(hosts: Record<string, Strategy[]>, expressions: Expression[] = []) {
      const list = Object.entries(hosts).map(([hostname, strategies]) => ({ hostname, strategies }))
      state.rules = buildRuleSet({ hosts: list, expressions }, state.rules, state.settings.historyLimit)
      await saveRules(rulesFile, state.rules)
    },
    async push(given: Partial<Series> & { endpoint: string }, ...points: [number, number][]) {
      const series: Series = { metric: 'm', tags: '', counterType: 'GAUGE', step: 60, ...given }
      const key = JSON.stringify(series)
      let slot = slots.get(key)
      if (!slot) slots.set(key, (slot = intake.define(series)))
      const same = slot
      return intake.take({
        count: points.length,
        slots: points.map(() => same),
        timestamps: Float64Array.from(points, ([timestamp]) => timestamp),
        values: Float64Array.from(points, ([, value]) => value),
      })
    },
    parsed,
    events: () =>
      parsed().map(
        ({ status, currentStep, eventTime, leftValue }) => `${status} ${currentStep} ${eventTime} ${leftValue}`,
      ),
  })
}
