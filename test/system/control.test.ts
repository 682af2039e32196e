import { createServer } from 'node:net'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AlarmEvent } from '#protocol'
import { createInstallation } from '../drivers/installation.ts'
import type { Installation } from '../drivers/installation.ts'
import { freePorts, until } from '../drivers/process.ts'

let site: Installation
let port: Record<'agent' | 'transfer' | 'transferHttp' | 'query', number>

/** An installation as shipped (embedded tables, no Redis), with free ports and shorter intervals. */
beforeAll(async () => {
  const ports = await freePorts(12)
  const at = (i: number) => `127.0.0.1:${ports[i]}`
  site = createInstallation()
  port = { agent: ports[0] ?? 0, transfer: ports[1] ?? 0, transferHttp: ports[2] ?? 0, query: ports[3] ?? 0 }
  const change = (module: string, values: Record<string, unknown>) =>
    site.configure(module, (config) => {
      for (const [path, value] of Object.entries(values)) {
        const [section = '', key] = path.split('.')
        if (key === undefined) config[section] = value
        else config[section] = { ...(config[section] as object), [key]: value }
      }
    })
  change('agent', {
    hostname: 'this-host',
    'http.listen': at(0),
    'transfer.addrs': [at(1)],
    'transfer.interval': 1,
    'heartbeat.addr': at(4),
    'heartbeat.interval': 1,
  })
  change('transfer', {
    minStep: 1,
    'rpc.listen': at(1),
    'http.listen': at(2),
    'socket.listen': at(5),
    'judge.cluster': { 'judge-00': at(6) },
    'graph.cluster': { 'graph-00': at(7) },
  })
  change('hbs', { listen: at(4), reloadSeconds: 1, 'http.listen': at(8) })
  change('judge', { 'rpc.listen': at(6), 'http.listen': at(9), 'hbs.servers': [at(4)], 'hbs.interval': 1 })
  change('alarm', { 'http.listen': at(11) })
  change('graph-query', { 'rpc.listen': at(7), 'http.listen': at(10), 'query.listen': at(3) })
}, 60_000)

afterAll(() => site?.remove())

async function history(endpoint: string, counter: string) {
  const now = Math.floor(Date.now() / 1000)
  const response = await fetch(`http://127.0.0.1:${port.query}/api/v1/graph/history`, {
    method: 'POST',
    body: JSON.stringify({
      hostnames: [endpoint],
      counters: [counter],
      consol_fun: 'AVERAGE',
      start_time: now - 3600,
      end_time: now + 60,
    }),
  })
  const [series] = (await response.json()) as { Values: { timestamp: number; value: number | null }[] }[]
  return (series?.Values ?? []).filter((point) => point.value !== null)
}

async function push(value: number, metric = 'demo.metric'): Promise<string> {
  const item = {
    endpoint: 'this-host',
    metric,
    timestamp: Math.floor(Date.now() / 1000),
    step: 1,
    value,
    counterType: 'GAUGE',
    tags: 'idc=lg,project=xx',
  }
  const response = await fetch(`http://127.0.0.1:${port.agent}/v1/push`, {
    method: 'POST',
    body: JSON.stringify([item]),
  })
  return response.text()
}

async function rows(statement: string): Promise<string[]> {
  const { code, stdout, stderr } = await site.control('sql', statement)
  expect(stderr).toBe('')
  expect(code).toBe(0)
  return stdout.trim().split('\n').slice(1)
}

test('start brings everything up, status shows it, and a second start says that it runs', async () => {
  const first = await site.control('start')
  expect(first.stderr).toBe('')
  expect(first.code).toBe(0)
  expect(first.stdout).toMatch(/ok {3}hbs +started in [\d.]+ s \(pid \d+\)/)
  const status = await site.control('status')
  expect(status.code).toBe(0)
  for (const name of ['agent', 'transfer', 'hbs', 'judge', 'graph-query', 'alarm'])
    expect(status.stdout).toMatch(new RegExp(`^${name} +running +\\d+ .* MB .*\\d{4,5}`, 'm'))
  const second = await site.control('start', 'transfer')
  expect(second.code).toBe(0)
  expect(second.stdout).toMatch(/transfer +already running \(pid \d+\)/)
})

test('this host reports itself, joins the default group, and its metrics are stored', async () => {
  await until(
    'load.1min in storage',
    () => history('this-host', 'load.1min'),
    (points) => points.length >= 2,
  )
  const members = await until(
    'the host in its group',
    () =>
      rows(
        'select g.grp_name, h.hostname from grp g join grp_host gh on gh.grp_id = g.id join host h on h.id = gh.host_id',
      ),
    (lines) => lines.length > 0,
  )
  expect(members.join()).toMatch(/default +this-host/)
})

test('a pushed value comes back from a history query', async () => {
  expect(await push(1.5, 'pushed.metric')).toBe('success')
  const points = await until(
    'the pushed point',
    () => history('this-host', 'pushed.metric/idc=lg,project=xx'),
    (found) => found.length > 0,
  )
  expect(points[0]?.value).toBe(1.5)
})

test('a strategy inserted into the tables fires and recovers, and alarm records both events', async () => {
  await rows(
    `insert into strategy (metric, tags, max_step, priority, func, op, right_value, note, run_begin, run_end, tpl_id)
     select 'demo.metric', '', 1, 1, 'all(#2)', '>', '10', 'demo', '', '', id from tpl where tpl_name = 'linux-default'`,
  )
  const told = async () =>
    (await rows('select event from falcon_alarm_event order by taken'))
      .map((line) => JSON.parse(line.slice(line.indexOf('{'))) as AlarmEvent)
      .filter((event) => event.strategy?.metric === 'demo.metric')
      .map((event) => event.status)
  const pushUntil = async (value: number, wanted: string[]) => {
    await until(
      `the events ${wanted.join(', ')}`,
      async () => {
        await push(value)
        return told()
      },
      (events) => JSON.stringify(events) === JSON.stringify(wanted),
      60_000,
    )
  }
  await pushUntil(50, ['PROBLEM'])
  await pushUntil(1, ['PROBLEM', 'OK'])
})

test('a module that crashes is back soon, and what was sent meanwhile is stored', async () => {
  const pidOf = async (name: string) =>
    new RegExp(`^${name} +running +(\\d+)`, 'm').exec((await site.control('status')).stdout)?.[1]
  const before = Number(await pidOf('graph-query'))
  process.kill(before, 'SIGKILL')
  expect(await push(77, 'while.down')).toBe('success')
  await until(
    'graph-query to be back',
    () => pidOf('graph-query'),
    (pid) => pid !== undefined && Number(pid) !== before,
  )
  await until(
    'the point',
    () => history('this-host', 'while.down/idc=lg,project=xx').catch(() => []),
    (found) => found.length > 0,
  )
})

test('a port that is taken, a bad configuration and an unknown module get one clear sentence each', async () => {
  await site.control('stop', 'transfer')
  // The agent keeps dialing this port; it must not hold the stranger up.
  const stranger = createServer((socket) => socket.destroy()).listen(port.transfer, '127.0.0.1')
  await new Promise((resolve) => stranger.once('listening', resolve))
  const taken = await site.control('start', 'transfer')
  await new Promise((resolve) => stranger.close(resolve))
  expect(taken.code).toBe(1)
  expect(taken.stderr).toMatch(new RegExp(`^FAIL  transfer +.*${port.transfer}.*(in use|EADDRINUSE).*\\n$`))

  const file = join(site.root, 'transfer/cfg.json')
  let kept = ''
  site.configure('transfer', (config) => {
    kept = JSON.stringify(config)
    Object.assign(config, { minStep: 'fast' })
  })
  const bad = await site.control('start', 'transfer')
  expect(bad.code).toBe(1)
  expect(bad.stderr).toMatch(/transfer .*cfg\.json.*\n? *minStep: .*"fast"/)
  writeFileSync(file, kept)
  expect((await site.control('start', 'transfer')).code).toBe(0)

  const unknown = await site.control('start', 'nodata')
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no module "nodata"') as string })
})

test('stop leaves no process behind, and says so when asked again', async () => {
  expect(site.processes().length).toBeGreaterThan(5)
  const stopped = await site.control('stop')
  expect(stopped.code).toBe(0)
  expect(stopped.stdout).toMatch(/agent +stopped/)
  await until(
    'no process',
    () => site.processes(),
    (left) => left.length === 0,
  )
  expect((await site.control('status')).code).toBe(1)
  expect((await site.control('stop')).stdout).toMatch(/hbs +was not running/)
  await until(
    'no process',
    () => site.processes(),
    (left) => left.length === 0,
  )
})
