import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { expression, openFixture, strategy } from './fixture-judge.ts'

let dir: string
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'judge-intake-'))))
afterEach(() => rmSync(dir, { recursive: true }))

const h1 = { endpoint: 'h1' }
const t = 1_700_000_000

test('every sample leaves in exactly one count', async () => {
  const judge = await openFixture(dir, { staleAfterSeconds: 300 })
  await judge.use({ h1: [strategy({ id: 1 })] })
  await judge.push(h1, [t - 1000, 1], [t - 60, 1], [t - 60, 2], [t, 3])
  await judge.push({ endpoint: 'h1', metric: 'other' }, [t, 1])
  const ack = await judge.push(h1, [Number.NaN, 1], [0, 1], [1.5, 1])
  await judge.push({ endpoint: 'h'.repeat(5000) }, [t, 1])

  expect(ack).toEqual({ taken: 0, refused: 3 })
  expect(judge.counters.values()).toMatchObject({
    received: 9,
    judged: 2,
    late: 1,
    stale: 1,
    unmatched: 1,
    refused: 4,
  })
})

test('what no rule wants is not kept, and is judged from the moment a rule wants it', async () => {
  const judge = await openFixture(dir)
  await judge.use({ h2: [strategy({ id: 1 })] })
  await judge.push(h1, [t, 99])
  expect(judge.state.registry.size).toBe(0)
  await judge.use({ h1: [strategy({ id: 1 })] })
  await judge.push(h1, [t + 60, 99])
  expect(judge.state.registry.size).toBe(1)
  expect(judge.events()).toEqual([`PROBLEM 1 ${t + 60} 99`])
})

test('a rule that needs more points than remain gets them, also from a series that is known already', async () => {
  const judge = await openFixture(dir)
  await judge.use({ h1: [strategy({ id: 1, func: 'all(#2)' })] })
  await judge.push(h1, [t, 11], [t + 60, 1], [t + 120, 11])
  await judge.use({ h1: [strategy({ id: 2, func: 'lookup(#3,5)' })] })
  await judge.push(h1, [t + 180, 12], [t + 240, 13])
  expect(judge.events()).toEqual([`PROBLEM 1 ${t + 240} 13`])
})

test('late points fill the history but open nothing; a current point judges with them and may close', async () => {
  const judge = await openFixture(dir, { staleAfterSeconds: 300 })
  await judge.use({ h1: [strategy({ id: 1, func: 'all(#2)' })] })
  await judge.push(h1, [t - 900, 50], [t - 840, 50], [t - 780, 50])
  expect(judge.events()).toEqual([])
  await judge.push(h1, [t, 50])
  expect(judge.events()).toEqual([`PROBLEM 1 ${t} 50`])
  judge.clock = t + 2000
  await judge.push(h1, [t + 60, 1], [t + 120, 2])
  expect(judge.events()).toHaveLength(1)
  await judge.push(h1, [t + 1980, 3])
  expect(judge.events()[1]).toBe(`OK 1 ${t + 1980} 3`)
})

test('late means three steps at least, so that a slow series is judged', async () => {
  const judge = await openFixture(dir, { staleAfterSeconds: 300 })
  await judge.use({ h1: [strategy({ id: 1 })] })
  await judge.push({ endpoint: 'h1', step: 3600 }, [t - 3600, 50])
  expect(judge.events()).toHaveLength(1)
})

test('tags of a strategy must all be there; an expression may name the endpoint', async () => {
  const judge = await openFixture(dir)
  await judge.use({ h1: [strategy({ id: 1, tags: { a: '1' } })] }, [
    expression({ id: 7, tags: { endpoint: 'h2', b: '2' } }),
    expression({ id: 8, tags: {} }),
  ])
  await judge.push({ endpoint: 'h1', tags: 'b=2' }, [t, 50])
  await judge.push({ endpoint: 'h1', tags: 'a=1,b=2' }, [t, 51])
  await judge.push({ endpoint: 'h2', tags: 'a=1,b=2' }, [t, 52])
  expect(judge.parsed().map(({ id, leftValue }) => [id.slice(0, 4), leftValue])).toEqual([
    ['s_1_', 51],
    ['e_7_', 52],
  ])
})

test('a full disk refuses the batch as a whole, and the same batch makes its event once there is room', async () => {
  const judge = await openFixture(dir)
  await judge.use({ h1: [strategy({ id: 1, func: 'all(#2)' })] })
  await judge.push(h1, [t, 50])
  judge.state.journal.close()

  symlinkSync('/dev/full', join(dir, 'journal-00000002.log'))
  await expect(judge.push(h1, [t + 60, 60], [t + 120, 1])).rejects.toThrow(/Cannot write the journal.*ENOSPC/)
  expect(judge.events()).toEqual([])
  expect(judge.counters.get('received')).toBe(1)
  expect(judge.counters.get('batches.rejected')).toBe(1)
  expect(judge.state.journalFailure).toContain('ENOSPC')
  expect(judge.state.registry.find('h1/m')?.history.count).toBe(1)

  await judge.push(h1, [t + 60, 60], [t + 120, 1])
  expect(judge.events()).toEqual([`PROBLEM 1 ${t + 60} 60`, `OK 1 ${t + 120} 1`])
  expect(judge.state.journalFailure).toBeUndefined()
  const again = await openFixture(dir)
  expect(again.events()).toEqual(judge.events())
})

test('while too many events wait for the queue, batches are left to the sender', async () => {
  const judge = await openFixture(dir, {}, 2)
  await judge.use({ h1: [strategy({ id: 1 })] })
  await judge.push(h1, [t, 50], [t + 60, 1])
  await expect(judge.push(h1, [t + 120, 50])).rejects.toThrow(/2 events wait/)
  judge.state.outbox.release(2)
  await judge.push(h1, [t + 120, 50])
  expect(judge.events()).toEqual([`PROBLEM 1 ${t + 120} 50`])
})

test('an event without a finite left value advances the state and is counted', async () => {
  const judge = await openFixture(dir)
  await judge.use({ h1: [strategy({ id: 1 })] })
  await judge.push(h1, [t, 50], [t + 60, Number.NaN])
  expect(judge.events()).toEqual([`PROBLEM 1 ${t} 50`])
  expect(judge.counters.get('events.unwritable')).toBe(1)
  await judge.push(h1, [t + 120, 50])
  expect(judge.events()).toHaveLength(2)
})

test('a series whose type changes is read by the type of its newest point', async () => {
  const judge = await openFixture(dir)
  await judge.use({ h1: [strategy({ id: 1 })] })
  await judge.push({ ...h1, counterType: 'COUNTER' }, [t, 0], [t + 60, 1200])
  expect(judge.events()).toEqual([`PROBLEM 1 ${t + 60} 20`])
  await judge.push({ ...h1, counterType: 'GAUGE' }, [t + 120, 5])
  expect(judge.events()[1]).toBe(`OK 1 ${t + 120} 5`)
  expect((await openFixture(dir)).state.registry.find('h1/m')?.counterType).toBe('GAUGE')
})

test('a first start leaves points to the sender until hbs has answered, but not for long', async () => {
  const judge = await openFixture(dir)
  await expect(judge.push(h1, [t, 99])).rejects.toThrow('rules are not known yet')
  judge.clock += 11
  expect(await judge.push(h1, [t, 99])).toEqual({ taken: 1, refused: 0 })
  expect(judge.counters.get('unmatched')).toBe(1)
})
