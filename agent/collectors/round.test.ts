import { expect, test } from 'vitest'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import { gauge } from './collector.ts'
import type { CollectedSample, Collector } from './collector.ts'
import { createRounds } from './round.ts'

const collector = (name: string, collect: () => Promise<CollectedSample[]>): Collector => ({ name, collect })
const alive = collector('alive', async () => [gauge('a', 1)])

/** Rounds with a log that can be read. */
function roundsOf(collectors: readonly Collector[], deadlineMs = 10_000) {
  const counters = createCounters()
  const messages: string[] = []
  const destination = { write: (line: string) => void messages.push((JSON.parse(line) as { msg: string }).msg) }
  const log = createLogger('agent', { destination })
  return { rounds: createRounds(collectors, { deadlineMs, log, counters }), counters, messages }
}

test('a round brings what all collectors found, in their order', async () => {
  const later = collector('later', () => new Promise((resolve) => setImmediate(() => resolve([gauge('b', 2)]))))
  const { rounds, counters } = roundsOf([later, alive])
  expect(await rounds.collect()).toEqual([gauge('b', 2), gauge('a', 1)])
  expect(counters.values()).toEqual({ 'collect.samples': 2 })
})

test('a collector that fails costs only its own samples; it is counted each time and logged when that begins and ends', async () => {
  let problem = 'Cannot read /proc/stat: EIO'
  const failing = collector('cpu', async () => {
    if (problem !== '') throw new Error(problem)
    return [gauge('cpu.idle', 50)]
  })
  const { rounds, counters, messages } = roundsOf([failing, alive])
  expect(await rounds.collect()).toEqual([gauge('agent.collector.failed', 1, 'collector=cpu'), gauge('a', 1)])
  await rounds.collect()
  expect(messages).toEqual(['collector failed'])
  problem = 'Cannot read /proc/stat: EMFILE'
  await rounds.collect()
  expect(messages).toEqual(['collector failed', 'collector failed'])
  problem = ''
  expect(await rounds.collect()).toContainEqual(gauge('cpu.idle', 50))
  expect(messages.at(-1)).toBe('collector works again')
  expect(counters.get('collect.failed')).toBe(3)
})

test('one that throws instead of rejecting fails in the same way', async () => {
  const throwing: Collector = {
    name: 'wild',
    collect() {
      throw new TypeError('bug')
    },
  }
  expect(await roundsOf([throwing]).rounds.collect()).toEqual([gauge('agent.collector.failed', 1, 'collector=wild')])
})

test('a collector that hangs is told, is not started again until it settles, and holds up no other', async () => {
  let starts = 0
  let settle: (samples: CollectedSample[]) => void = () => {}
  const hanging = collector('nfs', () => {
    starts++
    return new Promise((resolve) => {
      settle = resolve
    })
  })
  const { rounds, counters, messages } = roundsOf([hanging, alive], 20)
  const stuck = [gauge('agent.collector.stuck', 1, 'collector=nfs'), gauge('a', 1)]
  expect(await rounds.collect()).toEqual(stuck)
  expect(await rounds.collect()).toEqual(stuck)
  expect(starts).toBe(1)
  expect(messages).toEqual(['collector hangs, it is left out until it settles'])
  expect(counters.get('collect.stuck')).toBe(2)

  settle([gauge('late', 1), gauge('late', 2)])
  await expect.poll(() => messages.at(-1)).toBe('collector no longer hangs')
  expect(counters.get('collect.late')).toBe(2)
  const next = rounds.collect()
  settle([gauge('in.time', 3)])
  expect(await next).toEqual([gauge('in.time', 3), gauge('a', 1)])
  expect(starts).toBe(2)
})

test('one that fails after it has hung is free again too', async () => {
  let fail: (error: Error) => void = () => {}
  const hanging = collector('nfs', () => new Promise((_, reject) => (fail = reject)))
  const { rounds, counters, messages } = roundsOf([hanging], 20)
  await rounds.collect()
  fail(new Error('ESTALE'))
  await expect.poll(() => messages.at(-1)).toBe('collector no longer hangs')
  expect(counters.get('collect.failed')).toBe(1)
  const next = rounds.collect()
  fail(new Error('ESTALE'))
  expect(await next).toEqual([gauge('agent.collector.failed', 1, 'collector=nfs')])
})

test('a round that comes while another runs does not start a collector beside itself', async () => {
  let running = 0
  let most = 0
  const slow = collector('slow', async () => {
    most = Math.max(most, ++running)
    await new Promise(setImmediate)
    running--
    return [gauge('s', 1)]
  })
  const { rounds, counters } = roundsOf([slow])
  const both = await Promise.all([rounds.collect(), rounds.collect()])
  expect(most).toBe(1)
  expect(both.flat()).toContainEqual(gauge('s', 1))
  expect(counters.get('collect.stuck')).toBe(1)
})

test('values that are no numbers are left out and counted, the others are sent', async () => {
  const odd = collector('odd', async () => [gauge('nan', Number.NaN), gauge('inf', Infinity), gauge('fine', 1)])
  const { rounds, counters } = roundsOf([odd])
  expect(await rounds.collect()).toEqual([gauge('fine', 1)])
  expect(counters.values()).toEqual({ 'collect.notFinite': 2, 'collect.samples': 1 })
})
