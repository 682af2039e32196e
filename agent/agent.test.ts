import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createAgentStand } from './agent.fixture.ts'
import type { AgentStand } from './agent.fixture.ts'

// Steps are of whole seconds, so these tests take a few.
vi.setConfig({ testTimeout: 20_000 })

let stand: AgentStand
const upstream: AgentStand['upstream'] = (orders) => stand.upstream(orders)
const agentWith: AgentStand['agentWith'] = (settings, surroundings) => stand.agentWith(settings, surroundings)
beforeEach(() => {
  stand = createAgentStand()
})
afterEach(() => stand.clean())

const http = { enabled: true, listen: '127.0.0.1:0' }

function plugin(path: string, body: string): void {
  mkdirSync(join(stand.root, 'plugin', path, '..'), { recursive: true })
  writeFileSync(join(stand.root, 'plugin', path), `#!/bin/sh\n${body}\n`)
  chmodSync(join(stand.root, 'plugin', path), 0o755)
}

test('collection, checks and plugins of one host arrive at transfer, with default tags and without what is ignored', async () => {
  const up = await upstream({ plugins: ['sys'], metrics: [] })
  const metrics = [{ Metric: 'net.port.listen', Tags: `port=${up.port}` }]
  const { address, taken, reports } = await upstream({ plugins: ['sys'], metrics })
  plugin('sys/1_hello.sh', `echo '[{"metric":"hello","value":"7","step":1,"counterType":"GAUGE","tags":"a=b"}]'`)
  const { agent, ask } = await agentWith({
    hostname: 'h1',
    plugin: { enabled: true, dir: 'plugin' },
    heartbeat: { enabled: true, addr: address, interval: 60 },
    transfer: { enabled: true, addrs: [address], interval: 1 },
    http,
    default_tags: { idc: 'z1' },
    ignore: { 'cpu.busy': true, 'plugin.exit': true },
  })
  const find = (metric: string) => taken.find((item) => item.metric === metric)
  await vi.waitFor(
    () => {
      for (const metric of ['cpu.idle', 'net.port.listen', 'hello', 'agent.cpu', 'plugin.failed'])
        expect(find(metric), metric).toBeDefined()
    },
    { timeout: 10_000 },
  )
  expect(find('hello')).toMatchObject({ endpoint: 'h1', value: '7', step: 1, tags: 'a=b,idc=z1' })
  expect(find('net.port.listen')).toMatchObject({ endpoint: 'h1', value: 1, tags: `port=${up.port},idc=z1` })
  expect(find('plugin.failed')).toMatchObject({ value: 0, step: 1, tags: 'plugin=sys/1_hello.sh,idc=z1' })
  expect(find('plugin.exit')).toBeUndefined()
  const detail = (await (await ask('/plugins?detail')).json()) as { data: Record<string, unknown> }
  expect(detail.data['sys/1_hello.sh']).toMatchObject({ Cycle: 1, Exit: 0, Samples: 1, Error: '' })
  expect(find('agent.alive')).toMatchObject({ value: 1, step: 1, tags: 'idc=z1' })
  expect(find('cpu.busy')).toBeUndefined()
  expect(reports[0]).toMatchObject({ Hostname: 'h1', IP: '127.0.0.1', AgentVersion: '9.9' })
  const page = await (await ask('/')).text()
  for (const shown of ['h1', 'cpu.busy', 'sys/1_hello.sh', 'net.port.listen']) expect(page).toContain(shown)

  await agent.stop()
  const count = (name: string) => agent.counters.get(name)
  const sum = (prefix: string) =>
    Object.entries(agent.counters.values()).reduce((total, [name, n]) => total + (name.startsWith(prefix) ? n : 0), 0)
  expect(count('received.own') + count('received.plugin')).toBe(
    sum('refused.') + sum('dropped.') + count('ignored') + count('delivered') + count('rejected'),
  )
  expect(count('delivered')).toBe(taken.length)
})

test('without hbs the orders of the last run stay in force', async () => {
  const metrics = [{ Metric: 'proc.num', Tags: 'name=nothing-is-called-so' }]
  const { address, taken } = await upstream({ metrics, trusted: '10.9.8.7' })
  const settings = {
    heartbeat: { enabled: true, addr: address, interval: 60 },
    transfer: { enabled: true, addrs: [address], interval: 1 },
    http,
  }
  const first = await agentWith(settings)
  await vi.waitFor(() => expect(taken.some(({ metric }) => metric === 'proc.num')).toBe(true), { timeout: 10_000 })
  await first.agent.stop()
  taken.length = 0
  const second = await agentWith({
    ...settings,
    // Nobody listens there.
    heartbeat: { enabled: true, addr: '127.0.0.1:1', interval: 60 },
  })
  expect(await (await second.ask('/ips')).json()).toEqual({ msg: 'success', data: ['10.9.8.7'] })
  await vi.waitFor(() => expect(taken.some(({ metric }) => metric === 'proc.num')).toBe(true), { timeout: 10_000 })
})

test('a push is held while transfer is away', async () => {
  const { ask, agent } = await agentWith({
    transfer: { enabled: true, addrs: ['127.0.0.1:1'], interval: 3600 },
    http,
  })
  const body = JSON.stringify([{ metric: 'm', value: 1, step: 60, counterType: 'GAUGE' }])
  expect(await (await ask('/v1/push', { method: 'POST', body })).text()).toBe('success')
  expect(agent.counters.get('Waiting')).toBe(1)
})

test('an agent that sends nothing says so', async () => {
  const { ask } = await agentWith({ http })
  const answer = await ask('/v1/push', { method: 'POST', body: '[]' })
  expect(answer.status).toBe(503)
})

test('a reload applies what it can, says what waits for a restart, and refuses what is wrong', async () => {
  const plugin = { git: 'https://user:a-password@git.example/p.git' }
  const settings = { hostname: 'h1', token: 'a-secret', plugin, http }
  const { ask, file } = await agentWith(settings)
  file.current = { ...settings, hostname: 'h2', transfer: { interval: 10 }, spool: { maxAgeSeconds: 100 } }
  const answer = (await (await ask('/config/reload', { method: 'POST' })).json()) as Record<string, unknown>
  expect(answer).toMatchObject({
    msg: 'success',
    applied: ['hostname', 'transfer.interval'],
    needsRestart: ['spool.maxAgeSeconds'],
    data: { hostname: 'h2', token: '***', plugin: { git: 'https://***@git.example/p.git' } },
  })
  expect(await (await ask('/proc/kernel/hostname')).json()).toEqual({ msg: 'success', data: 'h2' })
  file.current = { hostname: 5 }
  expect(await (await ask('/config/reload')).text()).toContain('hostname')
  expect(await (await ask('/proc/kernel/hostname')).json()).toEqual({ msg: 'success', data: 'h2' })
})

test('a reload moves to other transfers and another hbs, and changes the step, without losing a sample', async () => {
  const [before, after] = [await upstream({ plugins: ['old'] }), await upstream({ trusted: '10.1.2.3' })]
  const settings = {
    hostname: 'h1',
    heartbeat: { enabled: true, addr: before.address, interval: 60 },
    transfer: { enabled: true, addrs: [before.address], interval: 3600 },
    http,
  }
  const { ask, file, agent } = await agentWith(settings)
  const push = (metric: string) =>
    ask('/v1/push', { method: 'POST', body: JSON.stringify([{ metric, value: 1, step: 60, counterType: 'GAUGE' }]) })
  expect(await (await push('one')).text()).toBe('success')
  file.current = {
    ...settings,
    heartbeat: { enabled: true, addr: after.address, interval: 30 },
    transfer: { enabled: true, addrs: [after.address], interval: 1 },
    collector: { mountPoint: ['/'] },
  }
  const pushes = [push('two'), push('three')]
  const changes = (await (await ask('/config/reload')).json()) as { applied: string[]; needsRestart: string[] }
  expect(changes.needsRestart).toEqual([])
  expect(changes.applied.toSorted()).toEqual([
    'collector.mountPoint',
    'heartbeat.addr',
    'heartbeat.interval',
    'transfer.addrs',
    'transfer.interval',
  ])
  for (const answer of await Promise.all(pushes)) expect(answer.status).toBe(200)
  expect((await push('four')).status).toBe(200)
  const arrived = () => [...before.taken, ...after.taken].map(({ metric }) => metric)
  await vi.waitFor(
    async () => {
      expect(arrived()).toEqual(expect.arrayContaining(['one', 'two', 'three', 'four']))
      expect(after.taken.filter(({ metric, step }) => metric === 'cpu.idle' && step === 1).length).toBeGreaterThan(2)
      expect(await (await ask('/ips')).json()).toEqual({ msg: 'success', data: ['10.1.2.3'] })
    },
    { timeout: 15_000 },
  )
  expect(after.taken.some(({ metric }) => metric === 'four')).toBe(true)
  await agent.stop()
  const dropped = Object.entries(agent.counters.values()).filter(([name, n]) => name.startsWith('dropped.') && n > 0)
  expect(dropped).toEqual([])
})

test('where samples were not sent at all, sending begins with a restart', async () => {
  const { ask, file } = await agentWith({ http })
  file.current = { http, transfer: { enabled: true, addrs: ['127.0.0.1:1'] } }
  expect(await (await ask('/config/reload')).json()).toMatchObject({
    applied: [],
    needsRestart: ['transfer.enabled', 'transfer.addrs'],
  })
})

test('each command of /run is logged with who, what and how it ended, and its limits hold', async () => {
  const lines: string[] = []
  const { ask } = await agentWith({ http: { ...http, backdoor: true, runSeconds: 1, runKilobytes: 1 } }, { lines })
  const run = async (body: string) => (await ask('/run', { method: 'POST', body })).text()
  expect(await run('echo hi')).toBe('hi\n')
  expect(await run('sleep 30')).toBe('exec fail: killed after 1 s')
  expect(await run('yes')).toBe('exec fail: killed at more than 1 KB of output')
  const logged = lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => msg === '/run: ended')
  expect(logged.map(({ address, command, exit }) => [address, command, exit])).toEqual([
    ['127.0.0.1', 'echo hi', 0],
    ['127.0.0.1', 'sleep 30', undefined],
    ['127.0.0.1', 'yes', undefined],
  ])
})

test('rounds come at the same moment of each step', async () => {
  const { address, taken } = await upstream({})
  const { agent } = await agentWith({ transfer: { enabled: true, addrs: [address], interval: 1 }, http: {} })
  const alive = () => taken.filter(({ metric }) => metric === 'agent.alive').map(({ timestamp }) => timestamp)
  await vi.waitFor(() => expect(alive().length).toBeGreaterThanOrEqual(4), { timeout: 10_000 })
  const [first = 0] = alive()
  expect(alive()).toEqual(alive().map((_, i) => first + i))
  expect(agent.port).toBeUndefined()
})
