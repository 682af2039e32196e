import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { AgentHealth } from '#protocol'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import { createHeartbeat } from './heartbeat.ts'
import { loadOrders, noOrders, saveOrders } from './orders.ts'
import type { Orders } from './orders.ts'

const log = createLogger('agent', { destination: { write: () => undefined } })

const noHealth: AgentHealth = {
  system: 'linux',
  started: 1,
  waiting: 0,
  spoolBytes: 0,
  spoolOldest: 0,
  dropped: 0,
  skew: null,
  wrong: [],
  collectors: [],
  plugins: [],
  morePlugins: 0,
}

/** An hbs of answers by method; a function may throw. */
function heartbeatTo(answers: Record<string, (argument: Record<string, unknown>) => unknown>, plugins = true) {
  const calls: [string, Record<string, unknown>][] = []
  const counters = createCounters()
  const told = { health: noHealth, clockMs: 1_700_000_000_000, peer: 'hbs:1' }
  const heartbeat = createHeartbeat({
    client: {
      get peer() {
        return told.peer
      },
      call: async (method, argument) => {
        calls.push([method, argument as Record<string, unknown>])
        return answers[method]?.(argument as Record<string, unknown>)
      },
    },
    report: async () => ({ hostname: 'h1', ip: '10.0.0.1', agentVersion: '9', pluginVersion: 'abc' }),
    health: () => told.health,
    instance: 'i1',
    pluginsEnabled: () => plugins,
    orders: noOrders,
    counters,
    log,
    now: () => told.clockMs,
  })
  const reports = () => calls.filter(([method]) => method === 'Agent.ReportStatus').map(([, argument]) => argument)
  return { heartbeat, calls, counters, told, reports }
}

test('a beat reports and takes plugins, trusted addresses and checks', async () => {
  const { heartbeat, calls } = heartbeatTo({
    'Agent.ReportStatus': () => ({ code: 0 }),
    'Agent.MinePlugins': () => ({ Plugins: ['sys'], Timestamp: 5 }),
    'Agent.TrustableIps': () => '10.0.0.9, 10.0.0.10',
    'Agent.BuiltinMetrics': () => ({
      Metrics: [{ Metric: 'du.bs', Tags: 'path=/' }],
      Checksum: 'c1',
      Timestamp: 5,
    }),
  })
  await heartbeat.beat()
  expect(heartbeat.orders()).toEqual({
    plugins: ['sys'],
    metrics: [{ Metric: 'du.bs', Tags: 'path=/' }],
    trustable: ['10.0.0.9', '10.0.0.10'],
  })
  expect(heartbeat.trouble()).toBeUndefined()
  await heartbeat.beat()
  expect(calls.filter(([method]) => method === 'Agent.BuiltinMetrics').map(([, argument]) => argument)).toEqual([
    { Hostname: 'h1', Checksum: 'nil' },
    { Hostname: 'h1', Checksum: 'c1' },
  ])
})

test('what fails or makes no sense keeps its last value, and the rest of the beat goes on', async () => {
  let broken = false
  const { heartbeat, counters } = heartbeatTo({
    'Agent.ReportStatus': () => ({ code: broken ? 1 : 0 }),
    'Agent.MinePlugins': () => {
      if (broken) throw new Error('gone')
      return { Plugins: ['sys'], Timestamp: 1 }
    },
    'Agent.TrustableIps': () => (broken ? 42 : '10.0.0.9'),
    'Agent.BuiltinMetrics': () =>
      broken
        ? { Metrics: [{ Metric: 1 }], Checksum: 'x', Timestamp: 9 }
        : { Metrics: null, Checksum: '', Timestamp: 1 },
  })
  await heartbeat.beat()
  const before = heartbeat.orders()
  broken = true
  await heartbeat.beat()
  expect(heartbeat.orders()).toEqual(before)
  expect(heartbeat.trouble()).toContain('Agent.BuiltinMetrics')
  expect(counters.get('heartbeat.failed')).toBe(4)
  broken = false
  await heartbeat.beat()
  expect(heartbeat.trouble()).toBeUndefined()
})

test('an answer that is not newer than the last one taken is passed over', async () => {
  const answers = [
    { Plugins: ['a'], Timestamp: 10 },
    { Plugins: ['b'], Timestamp: 10 },
    { Plugins: ['c'], Timestamp: 9 },
    { Plugins: ['d'], Timestamp: 11 },
  ]
  const seen: (readonly string[])[] = []
  const { heartbeat } = heartbeatTo({
    'Agent.ReportStatus': () => ({ code: 0 }),
    'Agent.MinePlugins': () => answers.shift(),
    'Agent.TrustableIps': () => '',
    'Agent.BuiltinMetrics': () => ({ Metrics: [], Checksum: '', Timestamp: 1 }),
  })
  for (let i = 0; i < 4; i++) {
    await heartbeat.beat()
    seen.push(heartbeat.orders().plugins)
  }
  expect(seen).toEqual([['a'], ['a'], ['a'], ['d']])
})

test('hbs is not asked for plugins that are switched off', async () => {
  const { heartbeat, calls } = heartbeatTo({ 'Agent.TrustableIps': () => '' }, false)
  await heartbeat.beat()
  expect(calls.map(([method]) => method)).toEqual(['Agent.ReportStatus', 'Agent.TrustableIps', 'Agent.BuiltinMetrics'])
})

test('another hbs has a clock of its own: its answers are not older than those of the one before', async () => {
  const stamps = [100, 50]
  const { heartbeat, told } = heartbeatTo({
    'Agent.ReportStatus': () => ({ code: 0 }),
    'Agent.MinePlugins': () => ({ Plugins: [`at ${stamps[0]}`], Timestamp: stamps.shift() }),
  })
  await heartbeat.beat()
  told.peer = 'hbs:2'
  await heartbeat.beat()
  expect(heartbeat.orders().plugins).toEqual(['at 50'])
})

test('the first two reports are those of Open-Falcon, byte for byte; later ones say who reports, and how it is on change', async () => {
  const { heartbeat, reports, told } = heartbeatTo({ 'Agent.ReportStatus': () => ({ code: 0 }) })
  const plain = { Hostname: 'h1', IP: '10.0.0.1', AgentVersion: '9', PluginVersion: 'abc' }
  for (let beat = 0; beat < 4; beat++) await heartbeat.beat()
  told.health = { ...noHealth, waiting: 7, spoolBytes: 8 }
  await heartbeat.beat()
  told.health = { ...noHealth, wrong: ['diskFull'] }
  await heartbeat.beat()
  const named = { ...plain, Instance: 'i1' }
  expect(reports()).toEqual([
    plain,
    plain,
    { ...named, Health: noHealth },
    named,
    named,
    { ...named, Health: told.health },
  ])
  for (let beat = 0; beat < 10; beat++) await heartbeat.beat()
  expect(
    reports()
      .slice(6)
      .map(({ Health }) => Health),
  ).toEqual([...Array<undefined>(9).fill(undefined), told.health])
})

test('the health is told again to an hbs that has none, and after a report that failed', async () => {
  let answer: () => unknown = () => ({ code: 0 })
  const { heartbeat, reports } = heartbeatTo({ 'Agent.ReportStatus': () => answer() })
  for (let beat = 0; beat < 4; beat++) await heartbeat.beat()
  answer = () => ({ code: 0, time: 0, duplicates: [], healthWanted: true })
  await heartbeat.beat()
  answer = () => {
    throw new Error('gone')
  }
  await heartbeat.beat()
  answer = () => ({ code: 0 })
  await heartbeat.beat()
  await heartbeat.beat()
  // In reports 3, 6 and 7, counted from 1: 5 was asked for it, 6 failed.
  expect(
    reports()
      .map(({ Health }) => (Health === undefined ? '-' : 'H'))
      .join(''),
  ).toBe('--H--HH-')
})

test('the clock is compared with that of hbs, and the names of others are heard', async () => {
  const { heartbeat, told } = heartbeatTo({
    'Agent.ReportStatus': () => ({ code: 0, time: told.clockMs - 90_000, duplicates: ['10.0.0.2'] }),
    'Agent.MinePlugins': () => ({ Plugins: [], Timestamp: Math.floor((told.clockMs - 90_000) / 1000) }),
  })
  expect([heartbeat.skew(), heartbeat.duplicates()]).toEqual([undefined, undefined])
  await heartbeat.beat()
  expect(heartbeat.skew()?.seconds).toBeCloseTo(90, 1)
  expect(heartbeat.duplicates()).toEqual(['10.0.0.2'])
})

test('an Open-Falcon hbs tells the clock in whole seconds, and nothing of others', async () => {
  const { heartbeat, told } = heartbeatTo({
    'Agent.ReportStatus': () => ({ code: 0 }),
    'Agent.MinePlugins': () => ({ Plugins: [], Timestamp: Math.floor(told.clockMs / 1000) + 600 }),
  })
  await heartbeat.beat()
  expect(Math.abs((heartbeat.skew()?.seconds ?? 0) + 600)).toBeLessThan(1)
  expect(heartbeat.duplicates()).toBeUndefined()
})

test('orders outlive the process, and a broken file is no orders', () => {
  const dir = mkdtempSync(join(tmpdir(), 'orders-'))
  try {
    const file = join(dir, 'deep', 'heartbeat.json')
    expect(loadOrders(file, log)).toEqual(noOrders)
    const orders: Orders = { plugins: ['sys'], metrics: [{ Metric: 'm', Tags: 't' }], trustable: ['10.0.0.1'] }
    saveOrders(file, orders, log)
    expect(loadOrders(file, log)).toEqual(orders)
    writeFileSync(file, '{"plugins": [1], ')
    expect(loadOrders(file, log)).toEqual(noOrders)
  } finally {
    rmSync(dir, { recursive: true })
  }
})
