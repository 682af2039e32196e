import { Writable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import { RpcRefusal } from '#lib/rpc'
import { startSnapshotKeeper } from './snapshot-keeper.ts'
import type { PortalTables, StrategyRow } from './tables.ts'

const morning = new Date(2026, 5, 1, 9, 0).getTime()

const strategy: StrategyRow = {
  id: 1,
  metric: 'cpu.idle',
  tags: '',
  func: 'all(#3)',
  op: '<',
  right_value: '10',
  max_step: 3,
  priority: 0,
  note: '',
  run_begin: '',
  run_end: '',
  tpl_id: 1,
}

const tables = (members: Partial<PortalTables> = {}): PortalTables => ({
  host: [{ id: 1, hostname: 'h1', maintain_begin: 0, maintain_end: 0 }],
  grp_host: [{ grp_id: 1, host_id: 1 }],
  tpl: [{ id: 1, tpl_name: 'base', parent_id: 0, action_id: 1, create_user: '' }],
  grp_tpl: [{ grp_id: 1, tpl_id: 1 }],
  strategy: [strategy],
  expression: [],
  plugin_dir: [],
  ...members,
})

/** A keeper whose readings come from `answers`, the last one again and again. */
async function started(answers: (PortalTables | Error)[], reloadSeconds = 0.002) {
  const lines: string[] = []
  const counters = createCounters()
  const clock = { ms: morning }
  let reads = 0
  const keeper = await startSnapshotKeeper({
    async load() {
      const answer = answers[Math.min(reads++, answers.length - 1)]
      if (answer === undefined || answer instanceof Error) throw answer ?? new Error('nothing')
      return answer
    },
    reloadSeconds: () => reloadSeconds,
    counters,
    log: createLogger('test', {
      destination: new Writable({ write: (line, _encoding, done) => (lines.push(String(line)), done()) }),
    }),
    now: () => clock.ms,
    soonMs: 1,
  })
  onTestFinished(() => keeper.stop())
  const readTimes = async (count: number) => {
    while (counters.get('snapshot.read') + counters.get('snapshot.failed') < count)
      await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const logged = (message: string) => lines.filter((line) => line.includes(message))
  return { keeper, counters, clock, logged, readTimes }
}

test('before the first success every question is answered with the reason, then with the tables', async () => {
  const { keeper, readTimes } = await started([new Error('connect ECONNREFUSED'), tables()])
  expect(keeper.status()).toEqual({ readAt: 0, ageSeconds: -1, error: 'connect ECONNREFUSED' })
  expect(() => keeper.current()).toThrow(RpcRefusal)
  expect(() => keeper.current()).toThrow('the portal tables cannot be read: connect ECONNREFUSED')
  await readTimes(2)
  expect(keeper.current().hostStrategies).toHaveLength(1)
  expect(keeper.status().error).toBe('')
})

test('when the database goes away the last reading stays, its age grows, and each change is logged once', async () => {
  const gone = new Error('gone')
  const { keeper, counters, clock, logged, readTimes } = await started([tables(), gone, gone, gone, new Error('other')])
  clock.ms += 90_000
  await readTimes(5)
  expect(keeper.current().hostStrategies).toHaveLength(1)
  expect(keeper.status()).toEqual({ readAt: morning / 1000, ageSeconds: 90, error: 'other' })
  expect(counters.get('snapshot.ageSeconds')).toBe(90)
  expect(counters.get('snapshot.read')).toBe(1)
  expect(logged('portal tables cannot be read')).toHaveLength(2)
})

test('its return is logged, and the new tables are in service', async () => {
  const { keeper, logged, readTimes } = await started([tables(), new Error('gone'), tables({ strategy: [] })])
  await readTimes(3)
  expect(keeper.current().hostStrategies).toEqual([])
  expect(logged('portal tables can be read again')).toHaveLength(1)
})

test('run windows and maintenance follow the clock also while the database is away', async () => {
  const first = tables({ strategy: [{ ...strategy, run_begin: '08:00', run_end: '10:00' }] })
  const { keeper, clock, readTimes } = await started([first, new Error('gone')])
  expect(keeper.current().hostStrategies).toHaveLength(1)
  clock.ms += 2 * 3600 * 1000
  await readTimes(3)
  expect(keeper.current().hostStrategies).toEqual([])
})

test('rows that need a look are named in one line for as long as they stay the same', async () => {
  const bad = tables({ strategy: [{ ...strategy, right_value: 'x' }] })
  const { counters, logged, readTimes } = await started([bad, bad, bad, tables()])
  await readTimes(3)
  expect(logged('rows of the portal tables need a look')).toHaveLength(1)
  expect(logged('its right_value \\"x\\" is no number')).toHaveLength(1)
  await readTimes(4)
  expect(counters.get('snapshot.problems')).toBe(0)
})

test('what was just written is read soon, not only after the regular pause', async () => {
  const { keeper, readTimes } = await started([tables({ host: [] }), tables()], 3600)
  expect(keeper.current().hosts).toBe(0)
  keeper.refreshSoon()
  await readTimes(2)
  expect(keeper.current().hosts).toBe(1)
})
