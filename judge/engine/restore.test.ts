import { appendFileSync, mkdtempSync, readdirSync, rmSync, truncateSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFrameWriter } from '../journal/frame.ts'
import { openFixture, strategy } from './fixture-judge.ts'
import type { FixtureJudge } from './fixture-judge.ts'
import { writeSnapshot } from './snapshot.ts'
import { createUpkeep } from './upkeep.ts'

let dir: string
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'judge-restore-'))))
afterEach(() => rmSync(dir, { recursive: true }))

const t = 1_700_000_000
const rules = { h1: [strategy({ id: 1, maxStep: 9 })], h2: [strategy({ id: 2, func: 'avg(#3)' })] }

/** Everything that decides about later points and events. */
function memory({ state }: FixtureJudge) {
  const series = [...state.registry.all()].map(({ endpoint, metric, tags, step, counterType, history, alarms }) => ({
    key: `${endpoint} ${metric} ${tags}`,
    step,
    counterType,
    points: Array.from({ length: history.count }, (_, i) => [history.timestampAt(i), history.valueAt(i)]),
    alarms: [...(alarms ?? [])],
  }))
  return { series: series.toSorted((a, b) => (a.key < b.key ? -1 : 1)), waiting: state.outbox.all() }
}

async function busyJudge(settings = {}): Promise<FixtureJudge> {
  const judge = await openFixture(dir, settings)
  await judge.use(rules)
  for (let i = 0; i < 8; i++) {
    await judge.push({ endpoint: 'h1', tags: 'a=1' }, [t + 60 * i, i % 3 === 0 ? 5 : 50 + i])
    await judge.push({ endpoint: 'h2', counterType: 'DERIVE' }, [t + 60 * i, i * i * 700])
  }
  return judge
}

test('a start after SIGKILL finds points, alarms and waiting events as they were', async () => {
  const judge = await busyJudge()
  const again = await openFixture(dir)
  expect(memory(judge).waiting.length).toBeGreaterThan(5)
  expect(memory(again)).toEqual(memory(judge))
  expect(again.producer).toBe(judge.producer)
})

test('judging goes on after a restart as if there had been none', async () => {
  const judge = await busyJudge()
  const again = await openFixture(dir)
  await again.use(rules)
  for (const one of [judge, again]) {
    await one.push({ endpoint: 'h1', tags: 'a=1' }, [t + 480, 60], [t + 540, 1])
    await one.push({ endpoint: 'h2', counterType: 'DERIVE' }, [t + 480, 0])
  }
  expect(again.state.outbox.all()).toEqual(judge.state.outbox.all())
})

test('events known to be queued do not wait again', async () => {
  const judge = await busyJudge()
  const last = judge.state.outbox.oldest(3).at(-1)?.sequence ?? 0
  const frame = createFrameWriter()
  frame.record({ is: 'queued', sequence: last })
  judge.state.journal.append(frame.finish())
  judge.state.outbox.release(last)
  expect(memory(await openFixture(dir)).waiting).toEqual(judge.state.outbox.all())
})

test('a snapshot says the same in fewer bytes, and what came while it was written is not lost', async () => {
  const judge = await busyJudge()
  for (let i = 100; i < 600; i++) await judge.push({ endpoint: 'h1', tags: 'a=1' }, [t + 60 * i, 5])
  judge.state.outbox.release(1000)
  const before = judge.state.journal.bytes
  const writing = writeSnapshot(judge.state, judge.opening)
  while (!readdirSync(dir).some((name) => name.endsWith('.tmp'))) await setImmediate()
  await judge.push({ endpoint: 'h1', tags: 'a=1' }, [t + 60_000, 77])
  await writing
  expect(judge.state.journal.bytes).toBeLessThan(before / 4)
  expect(readdirSync(dir).filter((name) => name.endsWith('.log'))).toHaveLength(2)
  expect(memory(await openFixture(dir))).toEqual(memory(judge))
})

test('a crash between the new journal file and the snapshot loses nothing', async () => {
  const judge = await busyJudge()
  const snapshot = judge.state.journal.beginSnapshot()
  snapshot.write(Buffer.from('half a frame'))
  await judge.push({ endpoint: 'h1', tags: 'a=1' }, [t + 60_000, 77])
  const again = await openFixture(dir)
  expect(memory(again)).toEqual(memory(judge))
  expect(readdirSync(dir).some((name) => name.endsWith('.tmp'))).toBe(false)
})

test('a torn end is passed over and reported, whole frames before it count', async () => {
  const judge = await busyJudge()
  const whole = memory(judge)
  const file = join(
    dir,
    readdirSync(dir)
      .filter((name) => name.startsWith('journal'))
      .toSorted()
      .at(-1) ?? '',
  )
  const size = statSync(file).size
  await judge.push({ endpoint: 'h1', tags: 'a=1' }, [t + 9000, 99])
  for (const length of [statSync(file).size - 1, size + 9, size + 3]) {
    truncateSync(file, length)
    const again = await openFixture(dir)
    expect(memory(again)).toEqual(whole)
    expect(again.counters.get('journal.tornBytes')).toBe(length - size)
  }
  appendFileSync(file, Buffer.alloc(100, 0xff))
  const again = await openFixture(dir)
  await again.push({ endpoint: 'h1', tags: 'a=1' }, [t + 9060, 1])
  expect(memory(await openFixture(dir)).series).toEqual(memory(again).series)
})

test('a long journal becomes a snapshot by itself', async () => {
  const judge = await busyJudge()
  const upkeep = createUpkeep(judge.state, { connections: () => 1, journalMaxBytes: 500, opening: judge.opening })
  upkeep.tick()
  await upkeep.settle()
  expect(judge.counters.get('journal.snapshots')).toBe(1)
  expect(memory(await openFixture(dir))).toEqual(memory(judge))
})

test('a series that no rule wants is dropped once hbs has confirmed it, also from the journal', async () => {
  const judge = await busyJudge()
  const upkeep = createUpkeep(judge.state, { connections: () => 1, journalMaxBytes: 1e9, opening: judge.opening })
  await judge.use({ h2: rules.h2 })
  upkeep.tick()
  expect(judge.state.registry.size).toBe(2)
  upkeep.rulesConfirmed()
  upkeep.tick()
  expect(judge.state.registry.size).toBe(1)
  expect((await openFixture(dir)).state.registry.size).toBe(1)
})

test('silence is counted from the start at the earliest: a restart forgets no series because its points are old', async () => {
  await busyJudge()
  const again = await openFixture(dir)
  again.clock = t + 30 * 86_400
  await again.push({ endpoint: 'h1', tags: 'a=1' }, [t + 9000, 99])
  await again.push({ endpoint: 'h1', tags: 'quiet=1' }, [t + 9000, 1])
  const before = again.state.registry.size
  const upkeep = createUpkeep(again.state, { connections: () => 1, journalMaxBytes: 1e9, opening: again.opening })
  upkeep.rulesConfirmed()
  upkeep.tick()
  expect(again.state.registry.size).toBe(before)
  again.clock += 8 * 86_400
  upkeep.tick()
  expect(again.state.registry.find('h1/m/quiet=1')).toBeUndefined()
  expect(again.state.registry.find('h1/m/a=1')?.alarms?.get('s_1')?.status).toBe('PROBLEM')
})
