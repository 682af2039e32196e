import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import { createHeartbeat } from './heartbeat.ts'
import { loadOrders, noOrders, saveOrders } from './orders.ts'
import type { Orders } from './orders.ts'

const log = createLogger('agent', { destination: { write: () => undefined } })

/** An hbs of answers by method; a function may throw. */
function heartbeatTo(answers: Record<string, (argument: Record<string, unknown>) => unknown>, plugins = true) {
  const calls: [string, unknown][] = []
  const counters = createCounters()
  const heartbeat = createHeartbeat({
    client: {
      call: async (method, argument) => {
        calls.push([method, argument])
        return answers[method]?.(argument as Record<string, unknown>)
      },
    },
    report: async () => ({ hostname: 'h1', ip: '10.0.0.1', agentVersion: '9', pluginVersion: 'abc' }),
    pluginsEnabled: () => plugins,
    orders: noOrders,
    counters,
    log,
  })
  return { heartbeat, calls, counters }
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
