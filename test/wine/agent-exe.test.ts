import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { projectRoot, version } from '#lib/module'
import { openDatabase, runStatement } from '#lib/sql'
import type { SentItem } from '../drivers/falcon-client.ts'
import { startFleet } from '../drivers/fleet.ts'
import type { Fleet } from '../drivers/fleet.ts'
import { freePorts, until } from '../drivers/process.ts'
import { startWine } from './wine.ts'
import type { Wine } from './wine.ts'

/** The executable as it is shipped, with its folder, against the server modules as processes. */
const built = join(projectRoot, 'dist-agent/agent.exe')
const endpoint = 'wine-host'
let wine: Wine
let fleet: Fleet
let home: string
let port: number
const agent = (...words: string[]) => wine.run(join(home, 'agent.exe'), ...words)

beforeAll(async () => {
  if (!existsSync(built)) throw new Error(`${built} is missing; make it: npm run build:agent`)
  home = mkdtempSync(join(tmpdir(), 'falcon agent-'))
  ;[wine, fleet, [port = 0]] = await Promise.all([startWine(), startFleet({ minStep: 1 }), freePorts(1)])
  copyFileSync(built, join(home, 'agent.exe'))
  writeFileSync(join(home, 'cfg.json'), JSON.stringify(configuration()))
  mkdirSync(join(home, 'plugin', 'demo'), { recursive: true })
  writeFileSync(
    join(home, 'plugin', 'demo', '1_batch.bat'),
    `@echo [{"metric":"from.batch","endpoint":"${endpoint}","value":7,"step":60,"counterType":"GAUGE","tags":"","timestamp":0}]\r\n`,
  )
  // Of a run that failed halfway.
  await Promise.all([agent('uninstall'), bind()])
})

afterAll(async () => {
  await wine?.remove()
  await fleet?.remove()
  if (home) rmSync(home, { recursive: true, force: true })
})

function configuration() {
  const at = (number: number) => `127.0.0.1:${number}`
  return {
    hostname: endpoint,
    heartbeat: { enabled: true, addr: at(fleet.ports.hbsRpc), interval: 1, timeout: 3000 },
    transfer: { enabled: true, addrs: [at(fleet.ports.transferRpc)], interval: 2, timeout: 3000 },
    http: { enabled: true, listen: at(port) },
    plugin: { enabled: true, dir: 'plugin', git: '', logs: 'logs/plugins' },
    modules: {},
  }
}

/** Through the portal's tables: a check of a port, and the plugins of a folder. */
async function bind(): Promise<void> {
  const database = openDatabase(`sqlite:${join(fleet.folder, 'falcon.db')}`)
  try {
    for (const statement of [
      `insert into host (id, hostname) values (901, '${endpoint}')`,
      `insert into grp (id, grp_name, create_user) values (901, 'wine', 'root')`,
      `insert into grp_host (grp_id, host_id) values (901, 901)`,
      `insert into tpl (id, tpl_name, parent_id, action_id, create_user) values (901, 'wine', 0, 0, 'root')`,
      `insert into grp_tpl (grp_id, tpl_id, bind_user) values (901, 901, 'root')`,
      `insert into strategy (metric, tags, max_step, priority, func, op, right_value, note, tpl_id)
         values ('net.port.listen', 'port=${port}', 1, 1, 'all(#1)', '==', '0', '', 901)`,
      `insert into plugin_dir (grp_id, dir, create_user) values (901, 'demo', 'root')`,
    ])
      await runStatement(database, statement)
  } finally {
    await database.close()
  }
}

async function arrives(counter: string, satisfies: (value: number) => boolean): Promise<void> {
  const now = Math.floor(Date.now() / 1000)
  await until(
    `${counter} of ${endpoint}`,
    () => fleet.history(endpoint, [counter], now - 60, now + 120),
    ([series]) => (series?.Values ?? []).some(({ value }) => value !== null && satisfies(value)),
    60_000,
  )
}

async function health(): Promise<string> {
  try {
    return await (await fetch(`http://127.0.0.1:${port}/health`)).text()
  } catch (error) {
    return (error as Error).message
  }
}

async function push(metric: string, value: number): Promise<SentItem> {
  const timestamp = Math.floor(Date.now() / 1000)
  const item = { endpoint, metric, value, step: 1, counterType: 'GAUGE', tags: '', timestamp }
  const answer = await fetch(`http://127.0.0.1:${port}/v1/push`, { method: 'POST', body: JSON.stringify([item]) })
  expect(await answer.text()).toBe('success')
  return item
}

test('agent.exe tells its version, refuses what it does not know, and says what is wrong with a configuration', async () => {
  expect(await agent('version')).toEqual({ code: 0, output: `${version}\n` })
  const unknown = await agent('nonsense')
  expect(unknown.code).toBe(2)
  expect(unknown.output).toContain('there is no command "nonsense"')
  writeFileSync(join(home, 'bad.json'), '{"transfer":{"interval":0}}')
  const bad = await agent('run', '--config', join(home, 'bad.json'))
  expect(bad.code).toBe(2)
  expect(bad.output).toContain('transfer.interval')
})

test('before it is installed the service commands say so', async () => {
  expect(await agent('status')).toMatchObject({ code: 1, output: expect.stringContaining('not installed') })
  expect(await agent('start')).toMatchObject({ code: 1, output: expect.stringContaining('is not installed') })
  expect(await agent('uninstall')).toMatchObject({ code: 0, output: expect.stringContaining('is not installed') })
})

test('as a service it collects, reports to hbs, runs what the portal asks for and takes pushes', async () => {
  expect(await agent('install')).toMatchObject({ code: 0, output: expect.stringContaining('installed as FalconAgent') })
  expect(await agent('install')).toMatchObject({ code: 0, output: expect.stringContaining('installed already') })
  expect(await agent('start')).toMatchObject({ code: 0, output: expect.stringMatching(/started \(pid \d+\)/) })
  expect(await health()).toBe('ok')
  expect(await agent('start')).toMatchObject({ code: 0, output: expect.stringContaining('already running') })
  expect(await agent('status')).toMatchObject({ code: 0, output: expect.stringContaining('running as service') })

  await arrives('agent.alive', (value) => value === 1)
  await arrives('cpu.idle', (value) => value >= 0 && value <= 100)
  await arrives(`net.port.listen/port=${port}`, (value) => value === 1)
  await arrives('from.batch', (value) => value === 7)
  const item = await push('pushed.to.windows', 42)
  await until(
    'the pushed sample',
    () => fleet.missing([item]),
    (missing) => missing.length === 0,
  )
})

test('what it holds at a stop is in its spool, and arrives after the next start', async () => {
  await fleet.transfer.kill()
  const item = await push('held.at.stop', 1)
  expect(await agent('stop')).toMatchObject({ code: 0, output: expect.stringContaining('stopped') })
  expect(wine.pids('run-service')).toEqual([])
  expect(readFileSync(join(home, 'logs', 'agent.log'), 'utf8')).toMatch(/"msg":"stopped"/)
  expect(await agent('status')).toMatchObject({ code: 1, output: expect.stringContaining('stopped as service') })
  await fleet.transfer.restart()
  expect(await agent('start')).toMatchObject({ code: 0 })
  await until(
    'the sample that was held',
    () => fleet.missing([item]),
    (missing) => missing.length === 0,
  )
})

test('one that crashed can be started again, and uninstall leaves no process and no service', async () => {
  const [pid = 0] = wine.pids('run-service')
  expect(pid).toBeGreaterThan(0)
  process.kill(pid, 'SIGKILL')
  await until(
    'the end of the process',
    () => wine.pids('run-service'),
    (pids) => !pids.includes(pid),
  )
  // Windows would do this by itself (failure actions); this Wine does not.
  expect(await agent('start')).toMatchObject({ code: 0, output: expect.stringContaining('started') })
  expect(await health()).toBe('ok')
  expect(await agent('uninstall')).toMatchObject({ code: 0, output: expect.stringContaining('stopped and removed') })
  expect(wine.pids('run-service')).toEqual([])
  expect(await agent('status')).toMatchObject({ code: 1, output: expect.stringContaining('not installed') })
  expect(existsSync(join(home, 'cfg.json'))).toBe(true)
})
