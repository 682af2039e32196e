import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import { formatTags } from '#protocol'
import type { CounterType, Expression, Strategy } from '#protocol'
import { createIntake } from '../../judge/engine/intake.ts'
import { restoreState } from '../../judge/engine/restore.ts'
import { readAnswers } from '../../judge/rules/read-rules.ts'
import { buildRuleSet, emptyRuleSet } from '../../judge/rules/rule-set.ts'
import { loadVectors } from './load.ts'

type Figure = number | 'NaN' | '+Inf' | '-Inf'
interface Step {
  endpoint: string
  metric: string
  tags: Record<string, string> | null
  judgeType: string
  timestamp: number
  value: Figure
  now: number
  events: { queue: string; event: string }[] | null
}
interface Scenario {
  strategiesFor: string
  strategies: Strategy[] | null
  expressions: Expression[] | null
  minInterval: number
  remain: number
  steps: Step[]
}

const { scenarios } = loadVectors<{ scenarios: Scenario[] }>('semantic/judge-events.json')
const queuePattern = 'event:p%v'

test('there are recorded scenarios with events', () => {
  expect(scenarios.flatMap(({ steps }) => steps.flatMap(({ events }) => events ?? [])).length).toBeGreaterThan(0)
})

test.each(scenarios.map((scenario, index) => ({ scenario, index })))('scenario $index', async ({ scenario }) => {
  const dir = mkdtempSync(join(tmpdir(), 'judge-events-'))
  try {
    let now = 0
    const { state } = await restoreState({
      dir,
      rulesFile: join(dir, 'rules.json'),
      settings: {
        remain: scenario.remain,
        // The original never keeps more, so a longer function never fires there.
        historyLimit: scenario.remain,
        minInterval: scenario.minInterval,
        // The original judges points of any age; some scenarios lag an hour behind their clock.
        staleAfterSeconds: 0,
        closeOnChange: false,
        sendEvents: true,
      },
      maxWaiting: 1000,
      counters: createCounters(),
      log: createLogger('judge-events', { destination: { write: () => {} } }),
      now: () => now * 1000,
    })
    const answers = readAnswers(
      { hostStrategies: [{ hostname: scenario.strategiesFor, strategies: scenario.strategies ?? [] }] },
      { expressions: scenario.expressions },
    )
    if (!answers.ok) throw new Error(answers.reason)
    state.rules = buildRuleSet(answers.value, emptyRuleSet, scenario.remain)
    const intake = createIntake(state)
    let last = 0
    for (const [index, step] of scenario.steps.entries()) {
      now = step.now
      const slot = intake.define({
        endpoint: step.endpoint,
        metric: step.metric,
        tags: formatTags(new Map(Object.entries(step.tags ?? {}))),
        counterType: step.judgeType as CounterType,
        step: 60,
      })
      const timestamps = Float64Array.of(step.timestamp)
      await intake.take({ count: 1, slots: [slot], timestamps, values: Float64Array.of(numberOf(step.value)) })
      const made = state.outbox.all().filter((event) => event.sequence > last)
      last = made.at(-1)?.sequence ?? last
      const seen = made.map(({ priority, json }) => ({
        queue: queuePattern.replace('%v', String(priority)),
        event: json,
      }))
      expect(seen.map(unsignedZero), `step ${index}`).toEqual((step.events ?? []).map(unsignedZero))
    }
    state.journal.close()
  } finally {
    rmSync(dir, { recursive: true })
  }
})

/** The recordings keep the sign of a zero in the events that came out, but not in the points that went in. */
function unsignedZero({ queue, event }: { queue: string; event: string }) {
  return { queue, event: event.replace('"leftValue":-0,', '"leftValue":0,') }
}

function numberOf(value: Figure): number {
  if (typeof value === 'number') return value
  return value === 'NaN' ? Number.NaN : value === '+Inf' ? Infinity : -Infinity
}
