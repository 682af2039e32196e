import { expect, test } from 'vitest'
import { createPlaces } from './places.ts'
import { createSlowCalls, StuckError } from './slow-calls.ts'

const soon = 20
const late = 10_000

/** A call that hangs until it is let go. */
function hanging() {
  let letGo = () => {}
  const answer = new Promise<string>((resolve) => {
    letGo = () => resolve('at last')
  })
  let calls = 0
  const call = () => {
    calls++
    return answer
  }
  return { call, letGo: () => letGo(), calls: () => calls }
}

test('an answer in time is handed on, an error too', async () => {
  const slow = createSlowCalls(createPlaces(1))
  expect(await slow.run('a', late, async () => 7)).toBe(7)
  await expect(slow.run('a', late, () => Promise.reject(new Error('ESTALE')))).rejects.toThrow('ESTALE')
  expect(slow.hanging()).toEqual([])
})

test('a call that hangs is given up, and not made again until it has been answered', async () => {
  const slow = createSlowCalls(createPlaces(2))
  const dead = hanging()
  await expect(slow.run('file system /dead', soon, dead.call)).rejects.toThrow(StuckError)
  await expect(slow.run('file system /dead', late, dead.call)).rejects.toThrow(
    'Cannot get an answer from file system /dead: waiting for',
  )
  expect(dead.calls()).toBe(1)
  expect(slow.hanging()).toEqual(['file system /dead'])

  dead.letGo()
  await expect.poll(() => slow.hanging()).toEqual([])
  expect(await slow.run('file system /dead', late, dead.call)).toBe('at last')
  expect(dead.calls()).toBe(2)
})

test('while some hang, others are answered as long as there is room', async () => {
  const slow = createSlowCalls(createPlaces(2))
  const dead = hanging()
  const waiting = slow.run('dead', soon, dead.call)
  expect(await slow.run('alive', late, async () => 1)).toBe(1)
  await expect(waiting).rejects.toThrow(StuckError)
  expect(await slow.run('alive', late, async () => 2)).toBe(2)
})

test('calls that find no room are given up too, are never made, and are possible again when there is room', async () => {
  const slow = createSlowCalls(createPlaces(1))
  const dead = hanging()
  const blocked = hanging()
  const first = slow.run('dead', soon, dead.call)
  const second = slow.run('blocked', soon, blocked.call)
  await expect(first).rejects.toMatchObject({ name: 'StuckError', reason: 'hangs' })
  await expect(second).rejects.toMatchObject({ name: 'StuckError', reason: 'no room' })
  await expect(slow.run('third', late, blocked.call)).rejects.toMatchObject({ reason: 'no room' })
  expect(slow.hanging()).toEqual(['dead'])

  dead.letGo()
  await expect.poll(() => slow.hanging()).toEqual([])
  expect(blocked.calls()).toBe(0)
  expect(await slow.run('blocked', late, async () => 'made')).toBe('made')
})

test('a long queue behind calls that are answered is no reason to give any up', async () => {
  const slow = createSlowCalls(createPlaces(1))
  const call = () => new Promise<number>((resolve) => setTimeout(resolve, soon / 4, 1))
  const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => slow.run(`call ${i}`, soon * 5, call)))
  expect(answers).toHaveLength(30)
})

test('two who ask the same at once share one call', async () => {
  const slow = createSlowCalls(createPlaces(3))
  const shared = hanging()
  const both = Promise.all([slow.run('x', late, shared.call), slow.run('x', late, shared.call)])
  shared.letGo()
  expect(await both).toEqual(['at last', 'at last'])
  expect(shared.calls()).toBe(1)
})

test('never more calls run at a time than there is room for', async () => {
  const slow = createSlowCalls(createPlaces(2))
  let running = 0
  let most = 0
  const call = async () => {
    most = Math.max(most, ++running)
    await new Promise(setImmediate)
    running--
  }
  await Promise.all(Array.from({ length: 50 }, (_, i) => slow.run(`call ${i}`, late, call)))
  expect(most).toBe(2)
})

test('a call of many steps is told when its time is up', async () => {
  const slow = createSlowCalls(createPlaces(1))
  let steps = 0
  const walk = async (signal: AbortSignal) => {
    for (;;) {
      signal.throwIfAborted()
      steps++
      await new Promise(setImmediate)
    }
  }
  await expect(slow.run('walk', soon, walk)).rejects.toThrow(StuckError)
  await expect.poll(() => slow.hanging()).toEqual([])
  expect(steps).toBeGreaterThan(0)
})
