import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { eachTarget } from './each-target.ts'

const ok = { values: { a: 1 } }

test('each target has its own outcome, in the order of the targets, with the time it took', async () => {
  const targets = Array.from({ length: 50 }, (_, i) => i)
  const outcomes = await eachTarget(targets, { parallel: 7, longestMs: () => 1 }, async (i) => ({ values: { a: i } }))
  expect(outcomes.map(({ values }) => values['a'])).toEqual(targets)
  for (const { durationMs } of outcomes) expect(durationMs).toBeGreaterThanOrEqual(0)
})

test('no more are asked at a time than is allowed', async () => {
  let now = 0
  let most = 0
  await eachTarget(Array<number>(40).fill(0), { parallel: 3, longestMs: () => 1 }, async () => {
    most = Math.max(most, ++now)
    await sleep(30)
    now--
    return ok
  })
  expect(most).toBe(3)
})

test('one whose answer could come after the round is not asked, and has a reason instead of a value', async () => {
  const outcomes = await eachTarget(
    [10, 2000, 20],
    { parallel: 1, longestMs: (ms) => ms, roundMs: 1000 },
    async () => ok,
  )
  expect(outcomes.map(({ values }) => values)).toEqual([{ a: 1 }, {}, { a: 1 }])
  expect(outcomes[1]?.reason).toContain('not asked')
})

test('without targets nothing is asked', async () => {
  expect(await eachTarget([], { parallel: 3, longestMs: () => 1 }, () => expect.fail('asked'))).toEqual([])
})
