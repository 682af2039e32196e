import { expect, test } from 'vitest'
import { compileFunction } from '../../judge/functions/compile.ts'
import { createHistories } from '../../judge/series/history.ts'
import type { History } from '../../judge/series/history.ts'
import { loadVectors } from './load.ts'

type Figure = number | 'NaN' | '+Inf' | '-Inf'
interface Case {
  func: string
  operator: string
  rightValue: Figure
  judgeType: string
  remain: number
  points: [number, Figure][]
  parseError?: string
  panic?: string
  history?: [number, Figure][]
  leftValue?: Figure
  isTriggered?: boolean
  isEnough?: boolean
}

const { cases } = loadVectors<{ cases: Case[] }>('semantic/judge-functions.json')

test('there are recorded cases', () => expect(cases.length).toBeGreaterThan(0))

test.each(cases.map((one, index) => ({ one, title: `${index} ${one.func} ${one.operator} on ${one.judgeType}` })))(
  '$title',
  ({ one }) => {
    const compiled = compileFunction(one.func, one.operator, numberOf(one.rightValue))
    if (one.parseError !== undefined || one.panic !== undefined) {
      expect(compiled).toMatchObject({ ok: false, reason: expect.stringContaining(one.parseError ?? 'cannot be used') })
      return
    }
    if (!compiled.ok || compiled.value.kind !== 'values')
      throw new Error(`did not compile: ${JSON.stringify(compiled)}`)
    const { judge } = compiled.value
    const history = historyOf(one)
    const values = new Float64Array(Math.max(0, judge.window))
    const given = history.newestInto(values, judge.window)
    expect(seen(history, values, given)).toEqual((one.history ?? []).map(([at, value]) => [at, numberOf(value)]))

    const isEnough = judge.window >= 1 && given === judge.window
    expect(isEnough).toBe(one.isEnough)
    const verdict = { leftValue: 0, triggered: false }
    if (isEnough) judge.judge(values, verdict)
    expect(verdict.triggered).toBe(one.isTriggered)
    expect(verdict.leftValue).toBe(numberOf(one.leftValue ?? 0))
  },
)

function historyOf(one: Case): History {
  const history = createHistories().take(one.remain)
  // Falcon: a type that starts with G or g is a gauge, everything else grows.
  history.gauge = /^g/i.test(one.judgeType)
  for (const [at, value] of one.points)
    if (history.count === 0 || at > history.newest) history.push(at, numberOf(value))
  return history
}

function seen(history: History, values: Float64Array, count: number): [number, number][] {
  return Array.from({ length: count }, (_, i) => [history.timestampAt(i), values[i] ?? Number.NaN])
}

function numberOf(value: Figure): number {
  if (typeof value === 'number') return value
  return value === 'NaN' ? Number.NaN : value === '+Inf' ? Infinity : -Infinity
}
