import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { explain } from '../http/explain.ts'
import { fireAbsent } from './absence.ts'
import { openFixture, strategy } from './fixture-judge.ts'

let dir: string
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'judge-absence-'))))
afterEach(() => rmSync(dir, { recursive: true }))

const t = 1_700_000_000
const alive = { metric: 'agent.alive', func: 'nodata(#3)' }
const rules = { h1: [strategy({ id: 1, ...alive })], h2: [strategy({ id: 1, ...alive })] }
const h1 = { endpoint: 'h1', metric: 'agent.alive' }
const h2 = { endpoint: 'h2', metric: 'agent.alive' }

async function twoHosts(settings = {}) {
  const judge = await openFixture(dir, settings)
  await judge.use(rules)
  const at = async (seconds: number, ...series: (typeof h1)[]) => {
    judge.clock = t + seconds
    for (const one of series) await judge.push(one, [t + seconds, 1])
    fireAbsent(judge.state, 1)
  }
  return { judge, at }
}

test('a host that falls silent while another reports fires after n steps, and recovers with its next point', async () => {
  const { judge, at } = await twoHosts()
  await at(0, h1, h2)
  await at(60, h2)
  await at(120, h2)
  expect(judge.events()).toEqual([])
  await at(181, h2)
  expect(judge.events()).toEqual([`PROBLEM 1 ${t + 181} 181`])
  await at(300, h1, h2)
  expect(judge.events()[1]).toBe(`OK 1 ${t + 300} 0`)
})

test('it tells again only after n more steps, and maxStep times at most', async () => {
  const { judge, at } = await twoHosts({ minInterval: 60 })
  await at(0, h1, h2)
  for (let seconds = 60; seconds <= 1800; seconds += 60) await at(seconds, h2)
  expect(judge.events()).toEqual([`PROBLEM 1 ${t + 180} 180`, `PROBLEM 2 ${t + 360} 360`, `PROBLEM 3 ${t + 540} 540`])
})

test('while nothing at all comes in nothing fires, and afterwards everybody gets the full time again', async () => {
  const { judge, at } = await twoHosts()
  await at(0, h1, h2)
  for (let seconds = 10; seconds < 1000; seconds += 10) await at(seconds)
  await at(1000, h2)
  await at(1060, h2)
  await at(1120, h2)
  expect(judge.events()).toEqual([])
  await at(1185, h2)
  expect(judge.events()).toEqual([`PROBLEM 1 ${t + 1185} 1185`])
})

test('after a start every series has its full time, though the journal knows its last point', async () => {
  const { at } = await twoHosts()
  await at(0, h1, h2)
  const again = await openFixture(dir)
  expect(again.state.watched.size).toBe(2)
  again.clock = t + 5000
  again.state.lastReceived = again.state.silenceCountsFrom = again.clock
  await again.push(h2, [t + 5000, 1])
  fireAbsent(again.state, 1)
  for (const seconds of [5060, 5120, 5180]) {
    again.clock = t + seconds - 1
    await again.push(h2, [t + seconds, 1])
    fireAbsent(again.state, 1)
  }
  expect(again.events()).toEqual([])
  again.clock = t + 5200
  await again.push(h2, [t + 5200, 1])
  fireAbsent(again.state, 1)
  expect(again.events()).toEqual([`PROBLEM 1 ${t + 5200} 5200`])
})

test('with one watched host the sign of life is a connected transfer', async () => {
  const judge = await openFixture(dir)
  await judge.use({ h1: [strategy({ id: 1, ...alive })] })
  await judge.push(h1, [t, 1])
  judge.clock = t + 200
  fireAbsent(judge.state, 0)
  expect(judge.events()).toEqual([])
  fireAbsent(judge.state, 1)
  expect(judge.events()).toEqual([`PROBLEM 1 ${t + 200} 200`])
})

test('a series never seen does not fire', async () => {
  const { judge, at } = await twoHosts()
  for (let seconds = 0; seconds < 1000; seconds += 60) await at(seconds, h2)
  expect(judge.events()).toEqual([])
})

test('a late point is an arrival: the host is there, though its clock or the way is behind', async () => {
  const { judge, at } = await twoHosts({ staleAfterSeconds: 300 })
  await at(0, h1, h2)
  for (let seconds = 60; seconds <= 600; seconds += 60) await at(seconds, h2)
  expect(judge.events().at(-1)).toMatch(/^PROBLEM/)
  await judge.push(h1, [t + 60, 1])
  expect(judge.events().at(-1)).toMatch(/^OK 1/)
  expect(judge.counters.get('late')).toBe(1)
})

test('explain tells when silence fires and why it does not', async () => {
  const { judge, at } = await twoHosts()
  await at(0, h1, h2)
  const why = () => JSON.stringify(explain(judge.state, 'h1/agent.alive'))
  await at(100)
  expect(why()).toContain(`"why":"silent for 100 s, fires at ${t + 180}"`)
  await at(400)
  expect(why()).toContain('nothing at all has come in since')
})
