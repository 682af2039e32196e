import { expect, test } from 'vitest'
import { KissOfDeath } from './ask.ts'
import type { Measured } from './ask.ts'
import { choose, createClockOffset } from './clock-offset.ts'

/** A clock offset over servers that answer what `answers` says, with clocks that the test moves. */
function stand(answers: (server: string) => Measured, servers: readonly string[] = ['a']) {
  const world = { mono: 0, set: 1_700_000_000_000, asked: [] as string[], log: [] as string[] }
  const offset = createClockOffset({
    servers: () => servers,
    random: () => 0.5,
    ask: async (server) => (world.asked.push(server), answers(server)),
    pause: async () => undefined,
    clocks: { now: () => world.set + world.mono, monotonic: () => world.mono },
    log: { warn: (_: unknown, message?: string) => void world.log.push(String(message)) },
  })
  /** Looks, and lets what was begun end. */
  const look = async () => {
    offset.look()
    await new Promise(setImmediate)
    return offset.look()
  }
  return { world, look }
}

const exact = (offsetMs: number, delayMs = 1): Measured => ({ offsetMs, delayMs })

test('it is measured once in five minutes, and told in between', async () => {
  const { world, look } = stand(() => exact(world.asked.length))
  for (world.mono = 0; world.mono <= 900_000; world.mono += 1000) await look()
  expect(world.asked).toHaveLength(4)
  expect(await look()).toBe(4)
})

test('without servers nothing is asked and nothing told', async () => {
  const { world, look } = stand(() => exact(1), [])
  expect(await look()).toBeUndefined()
  world.mono = 900_000
  expect(await look()).toBeUndefined()
  expect(world.log).toEqual([])
})

test('a clock that was set is measured at once, and the old offset is not told any more', async () => {
  const { world, look } = stand(() => exact(world.asked.length))
  expect(await look()).toBe(1)
  world.mono = 100_000
  world.set += 3_600_000
  expect(await look()).toBe(2)
  world.mono = 200_000
  world.set -= 7_200_000
  expect(await look()).toBe(3)
})

test('a clock that is set all the time does not make us a nuisance', async () => {
  const { world, look } = stand(() => exact(1))
  for (world.mono = 0; world.mono < 160_000; world.mono += 1000) {
    world.set += 3_600_000
    await look()
  }
  expect(world.asked.length).toBeLessThanOrEqual(10)
})

test('what was measured while the clock was set is not taken', async () => {
  let setMeanwhile = true
  const { world, look } = stand(() => {
    if (setMeanwhile) world.set += 60_000
    return exact(5)
  })
  expect(await look()).toBeUndefined()
  setMeanwhile = false
  world.mono = 400_000
  expect(await look()).toBe(5)
})

test('servers that stay silent are told in the log once, and after a quarter of an hour nothing is known', async () => {
  let silent = false
  const { world, look } = stand(() => {
    if (silent) throw new Error('Cannot ask a for the time: no answer within 3 s')
    return exact(1)
  })
  await look()
  silent = true
  for (world.mono = 1000; world.mono < 900_000; world.mono += 10_000) expect(await look()).toBe(1)
  world.mono = 1_000_000
  expect(await look()).toBeUndefined()
  expect(world.log).toEqual(['no time server answers'])
})

test.each([
  ['DENY', [1, 1]],
  ['RSTR', [1, 1]],
  ['RATE', [1, 3]],
])('after %s a server is left in peace', async (code, [within = 0, later = 0]) => {
  const { world, look } = stand(() => {
    throw new KissOfDeath('a', code)
  })
  for (world.mono = 0; world.mono < 3_500_000; world.mono += 10_000) await look()
  expect(world.asked).toHaveLength(within)
  for (; world.mono < 9_000_000; world.mono += 10_000) await look()
  expect(world.asked).toHaveLength(later)
})

test('an answer that took unusually long is asked for again, and the shortest way counts', async () => {
  const delays = [5, 200, 300, 6]
  const { world, look } = stand(() => exact(world.asked.length, delays[world.asked.length - 1]))
  expect(await look()).toBe(1)
  world.mono = 400_000
  expect(await look()).toBe(4)
  expect(world.asked).toHaveLength(4)
})

test('of two servers the nearer counts, of more the median, so that one that lies is outvoted', () => {
  expect(choose([])).toBeUndefined()
  expect(choose([exact(10, 50), exact(20, 5)])).toEqual(exact(20, 5))
  expect(choose([exact(10, 50), exact(99_999, 1), exact(12, 40)])).toEqual(exact(12, 40))
  expect(choose([exact(1), exact(2), exact(3), exact(-99_999)])).toEqual(exact(1))
})

test('no more than four are asked', async () => {
  const { world, look } = stand((server) => exact(Number(server)), ['1', '2', '3', '4', '5'])
  await look()
  expect(world.asked).toEqual(['1', '2', '3', '4'])
})
