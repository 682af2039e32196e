import { Writable } from 'node:stream'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import type { CounterQuery } from '../../host/windows/win32.ts'
import { createCountersCollector } from './counters.ts'

const noObject = 0xc0000bb8
const noCounter = 0xc0000bb9
const invalidData = 0xc0000bc6
const noData = 0x800007d5

/** Performance counters of a Windows with these; each has a value from its second reading on, as rates have. */
function createFixture(provided: Map<string, number>, instances: string[] = []) {
  const paths: string[] = []
  const readings: number[] = []
  const added: string[] = []
  const lines: string[] = []
  let nowMs = 0
  let collects = 0
  let collectStatus = 0
  const query: CounterQuery = {
    async add(path) {
      added.push(path)
      if (path.includes('Bogus')) return { status: noCounter, counter: 0n }
      if (!provided.has(path)) return { status: noObject, counter: 0n }
      paths.push(path)
      readings.push(0)
      return { status: 0, counter: BigInt(paths.length) }
    },
    async collect() {
      collects++
      for (const i of readings.keys()) readings[i] = (readings[i] ?? 0) + 1
      return collectStatus
    },
    value(counter) {
      const i = Number(counter) - 1
      const value = provided.get(paths[i] ?? '')
      if (value === undefined || (readings[i] ?? 0) < 2) return { status: invalidData, value: Number.NaN }
      return { status: 0, value }
    },
    close: () => undefined,
  }
  const host = { counterQuery: async () => query, sqlServerInstances: async () => instances, now: () => nowMs }
  const log = pino(
    new Writable({
      write(line, _, done) {
        lines.push(String(line))
        done()
      },
    }),
  )
  return {
    host,
    log,
    lines,
    added,
    collects: () => collects,
    pass: (ms: number) => void (nowMs += ms),
    answer: (status: number) => void (collectStatus = status),
  }
}

const nothing = { iis: false, sqlServer: false, counters: [] }
const shown = (samples: readonly { metric: string; tags: string; value: number }[]) =>
  samples.map((it) => [it.metric, it.tags, it.value].join(' '))

test('all counters are read at once, a rate from the second collection on, with its digits', async () => {
  const perRead = '\\PhysicalDisk(_Total)\\Avg. Disk sec/Read'
  const batches = '\\SQLServer:SQL Statistics\\Batch Requests/sec'
  const { host, log, collects } = createFixture(
    new Map([
      [perRead, 0.0042],
      [batches, 12.5],
    ]),
  )
  const counters = createCountersCollector(host, { ...nothing, sqlServer: true }, log)
  expect(shown(await counters.collect())).toEqual(['agent.counters.missing  0'])
  expect(shown(await counters.collect())).toEqual([
    'sqlserver.physical_disk.total.avg.disk_sec_per_read  0.0042',
    'sqlserver.sqlserver.sql_statistics.batch_rps  12.5',
    'agent.counters.missing  0',
  ])
  expect(collects()).toBe(2)
})

test('a named instance of SQL Server has its own counters, with its name as tag', async () => {
  const { host, log } = createFixture(
    new Map([
      ['\\SQLServer:Locks(_Total)\\Lock Waits/sec', 1],
      ['\\MSSQL$REPORTS:Locks(_Total)\\Lock Waits/sec', 2],
      ['\\SQLAgent$REPORTS:Jobs(_Total)\\Failed jobs', 3],
    ]),
    ['MSSQLSERVER', 'REPORTS'],
  )
  const counters = createCountersCollector(host, { ...nothing, sqlServer: true }, log)
  await counters.collect()
  expect(shown(await counters.collect())).toEqual([
    'sqlserver.sqlserver.locks.lock_waits_per_sec  1',
    'sqlserver.sqlserver.locks.lock_waits_per_sec instance=REPORTS 2',
    'sqlserver.sqlagent.jobs.total.failed_jobs instance=REPORTS 3',
    'agent.counters.missing  0',
  ])
})

test('a counter that Windows does not know is named once in the log and counted; the others go on', async () => {
  const { host, log, lines, pass } = createFixture(new Map([['\\Memory\\Pages/sec', 7]]))
  const wanted = [
    { counter: '\\Memory\\Bogus', metric: 'mem.bogus' },
    { counter: '\\Memory\\Pages/sec', metric: 'mem.pages' },
  ]
  const counters = createCountersCollector(host, { ...nothing, counters: wanted }, log)
  await counters.collect()
  pass(600_000)
  expect(shown(await counters.collect())).toEqual(['mem.pages  7', 'agent.counters.missing  1'])
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain('0xc0000bb9')
  expect(lines[0]).toContain('Memory\\\\Bogus')
})

test('what is not installed is nothing to talk about, and is found ten minutes after it was installed', async () => {
  const connections = '\\Web Service(_Total)\\Current Connections'
  const provided = new Map<string, number>()
  const { host, log, lines, added, pass } = createFixture(provided)
  const counters = createCountersCollector(host, { ...nothing, iis: true }, log)
  await counters.collect()
  provided.set(connections, 3)
  pass(60_000)
  await counters.collect()
  expect(added).toHaveLength(14)
  pass(600_000)
  await counters.collect()
  expect(shown(await counters.collect())).toContain('iis.web_service.current_connections  3')
  expect(added).toHaveLength(28)
  expect(lines).toEqual([])
})

test('when nothing has data there are no values; another error is told, and the next collection tries again', async () => {
  const { host, log, answer } = createFixture(new Map([['\\Memory\\Pages/sec', 7]]))
  const choice = { ...nothing, counters: [{ counter: '\\Memory\\Pages/sec', metric: 'mem.pages' }] }
  const counters = createCountersCollector(host, choice, log)
  answer(noData)
  expect(shown(await counters.collect())).toEqual(['agent.counters.missing  0'])
  answer(0xc0000bc0)
  await expect(counters.collect()).rejects.toThrow('0xc0000bc0')
  answer(0)
  expect(shown(await counters.collect())).toContain('mem.pages  7')
})

test('without anything to read pdh.dll is not even loaded', async () => {
  const { log } = createFixture(new Map())
  const host = {
    counterQuery: async () => expect.fail('it was asked'),
    sqlServerInstances: async () => [],
    now: () => 0,
  }
  expect(await createCountersCollector(host, nothing, log).collect()).toEqual([])
})
