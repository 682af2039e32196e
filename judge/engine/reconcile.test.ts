import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { explain } from '../http/explain.ts'
import { openFixture, strategy } from './fixture-judge.ts'
import type { FixtureJudge } from './fixture-judge.ts'
import { createUpkeep } from './upkeep.ts'

let dir: string
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'judge-reconcile-'))))
afterEach(() => rmSync(dir, { recursive: true }))

const t = 1_700_000_000
const rule = strategy({ id: 1, note: 'as it was' })
const h1 = { endpoint: 'h1' }

async function openProblem(settings = {}): Promise<FixtureJudge> {
  const judge = await openFixture(dir, settings)
  await judge.use({ h1: [rule], h2: [rule] })
  await judge.push(h1, [t, 50])
  judge.clock = t + 100
  return judge
}

function confirm(judge: FixtureJudge) {
  const upkeep = createUpkeep(judge.state, { connections: () => 1, journalMaxBytes: 1e9, opening: judge.opening })
  upkeep.rulesConfirmed()
  return upkeep
}

test('a strategy that is gone closes its alarm with the rule as last known, once', async () => {
  const judge = await openProblem()
  await judge.use({ h2: [rule] })
  const upkeep = confirm(judge)
  expect(JSON.stringify(explain(judge.state, 'h1/m'))).toContain('does not apply here any more')
  upkeep.tick()
  expect(judge.events()).toEqual([`PROBLEM 1 ${t} 50`, `OK 1 ${t + 100} 50`])
  expect(judge.parsed()[1]?.strategy?.note).toBe('as it was')
  expect(judge.counters.get('events.closed')).toBe(1)
  expect(judge.state.registry.size).toBe(0)
  expect(JSON.stringify(explain(judge.state, 'h1/m'))).toContain('does not apply here any more')
  expect((await openFixture(dir)).events()).toEqual(judge.events())
})

test('it is closed too when the strategy went while judge was down, but only when hbs says so', async () => {
  await openProblem()
  const again = await openFixture(dir)
  again.state.rules = (await openFixture(join(dir, 'empty'))).state.rules
  createUpkeep(again.state, { connections: () => 1, journalMaxBytes: 1e9, opening: again.opening }).tick()
  expect(again.events()).toHaveLength(1)
  await again.use({ h2: [rule] })
  again.clock = t + 500
  confirm(again)
  expect(again.events()[1]).toBe(`OK 1 ${t + 500} 50`)
})

test('a changed threshold closes what it would not have opened, and leaves what it would', async () => {
  const judge = await openProblem()
  await judge.use({ h1: [{ ...rule, rightValue: 40 }], h2: [rule] })
  confirm(judge)
  expect(judge.events()).toHaveLength(1)
  await judge.use({ h1: [{ ...rule, rightValue: 60 }], h2: [rule] })
  confirm(judge)
  expect(judge.events()[1]).toBe(`OK 1 ${t + 100} 50`)
  expect(JSON.stringify(explain(judge.state, 'h1/m'))).toContain('"reason":"the rule was changed')
})

test('a rule that became unusable closes its alarm and says why', async () => {
  const judge = await openProblem()
  await judge.use({ h1: [{ ...rule, func: 'all(#2000)' }] })
  confirm(judge)
  expect(judge.events()).toHaveLength(2)
  expect([...(judge.state.registry.find('h1/m')?.alarms?.values() ?? [])][0]?.reason).toContain(
    'needs 2000 points, historyLimit is 20',
  )
})

test('with closeOnChange off nothing is told, as Open-Falcon does', async () => {
  const judge = await openProblem({ closeOnChange: false })
  await judge.use({ h2: [rule] })
  confirm(judge).tick()
  expect(judge.events()).toHaveLength(1)
})

test('the same rules in another order are no change', async () => {
  const judge = await openFixture(dir)
  const other = strategy({ id: 2, metric: 'other' })
  await judge.use({ h1: [rule, other] })
  const before = judge.state.rules
  await judge.use({ h1: [other, { ...rule }] })
  expect(judge.state.rules).toBe(before)
})
