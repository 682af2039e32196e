import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createLogger } from '#lib/log'
import { createRpcClient } from '#lib/rpc'
import type { StrategiesAnswer } from '#protocol'
import { openPortalStore } from '../test/services/index.ts'
import type { PortalStore } from '../test/services/index.ts'
import { hbsConfig } from './config.ts'
import { startHbs } from './hbs.ts'

const lines: string[] = []
const log = createLogger('test', { destination: { write: (line: string) => void lines.push(line) } })

let mysql: PortalStore
beforeAll(async () => {
  mysql = await openPortalStore('mysql')
}, 120_000)
afterAll(() => mysql.remove())

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'falcon-hbs-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A real hbs on free ports, and what speaks to it. `members` go into its configuration file. */
async function started(members: Record<string, unknown>) {
  const file = join(temporaryFolder(), 'cfg.json')
  const written = (more: object = {}) => {
    const config = {
      listen: '127.0.0.1:0',
      http: { enabled: true, listen: '127.0.0.1:0' },
      reloadSeconds: 1,
      ...members,
      ...more,
    }
    writeFileSync(file, JSON.stringify(config))
    return hbsConfig.parse(config)
  }
  const hbs = await startHbs(written(), log, file)
  onTestFinished(() => hbs.stop())
  const client = createRpcClient({
    addresses: [`127.0.0.1:${hbs.ports.rpc}`],
    connectTimeoutMs: 5000,
    callTimeoutMs: 5000,
    log,
  })
  onTestFinished(() => client.close())
  const get = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`http://127.0.0.1:${hbs.ports.http}${path}`, init)
    return { status: response.status, body: await response.text() }
  }
  return {
    hbs,
    written,
    call: (method: string, argument: unknown = {}) => client.call(method, argument),
    get,
    data: async (path: string) => (JSON.parse((await get(path)).body) as { data: Record<string, unknown> }).data,
  }
}

const report = (Hostname: string) => ({ Hostname, IP: '10.0.0.1', AgentVersion: '0.1.0', PluginVersion: '' })

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10))
}

test('an empty folder is enough: an agent that reports is judged within a second or two', async () => {
  const { call, data } = await started({
    database: `sqlite:${join(temporaryFolder(), 'falcon.db')}`,
    defaultGroup: 'default',
    reloadSeconds: 3600,
  })
  expect(await call('Hbs.GetStrategies')).toEqual({ hostStrategies: [] })
  expect(await call('Hbs.GetExpressions')).toEqual({ expressions: null })
  expect(await call('Agent.ReportStatus', report('h1'))).toEqual({ code: 0 })
  await until(async () => ((await call('Hbs.GetStrategies')) as StrategiesAnswer).hostStrategies.length === 1)
  const { hostStrategies } = (await call('Hbs.GetStrategies')) as StrategiesAnswer
  expect(hostStrategies[0]?.hostname).toBe('h1')
  expect(hostStrategies[0]?.strategies.map(({ func }) => func)).toContain('nodata(#3)')
  expect(await data('/agents')).toEqual(['h1'])
  expect(await data('/snapshot')).toMatchObject({ error: '', hosts: 1, hostsWithStrategies: 1, problems: [] })
}, 20_000)

test('without its MySQL it starts, says why it has nothing to say, and serves as soon as it can', async () => {
  await mysql.replace({
    host: [{ id: 1, hostname: 'h1' }],
    plugin_dir: [{ id: 1, grp_id: 1, dir: 'sys' }],
    grp_host: [{ grp_id: 1, host_id: 1 }],
  })
  await mysql.server?.kill()
  const { call, get, data } = await started({ database: mysql.dsn })
  expect(await get('/health')).toEqual({ status: 200, body: 'ok' })
  await expect(call('Agent.MinePlugins', { Hostname: 'h1' })).rejects.toThrow(
    /portal tables cannot be read.*ECONNREFUSED/,
  )
  await expect(call('Hbs.GetStrategies')).rejects.toThrow('ECONNREFUSED')
  expect((await get('/strategies')).status).toBe(503)
  expect(await call('Agent.ReportStatus', report('h2'))).toEqual({ code: 0 })
  expect(await call('Agent.TrustableIps')).toBe('')
  expect(await data('/snapshot')).toMatchObject({
    readAt: 0,
    ageSeconds: -1,
    error: expect.stringContaining('ECONNREFUSED'),
  })
  await mysql.server?.start()
  await until(() =>
    call('Hbs.GetStrategies').then(
      () => true,
      () => false,
    ),
  )
  expect(await call('Agent.MinePlugins', { Hostname: 'h1' })).toMatchObject({ Plugins: ['sys'] })
  await until(async () => (await data('/snapshot'))['hosts'] === 2)
}, 30_000)

test('when its MySQL goes away it goes on with the last reading, whose age and error are shown', async () => {
  await mysql.replace({
    host: [{ id: 1, hostname: 'h1' }],
    grp_host: [{ grp_id: 1, host_id: 1 }],
    tpl: [{ id: 1, tpl_name: 't', action_id: 1 }],
    grp_tpl: [{ grp_id: 1, tpl_id: 1 }],
    strategy: [{ id: 1, metric: 'cpu.idle', op: '<', right_value: '1', tpl_id: 1 }],
  })
  const { call, get, data } = await started({ database: mysql.dsn })
  const before = await call('Hbs.GetStrategies')
  expect(before).toMatchObject({ hostStrategies: [{ hostname: 'h1' }] })
  await mysql.server?.kill()
  await until(async () => (await data('/snapshot'))['error'] !== '')
  expect(await call('Hbs.GetStrategies')).toEqual(before)
  expect(await get('/health')).toEqual({ status: 200, body: 'ok' })
  await until(async () => Number((await data('/snapshot'))['ageSeconds']) >= 1)
  const rows = (await data('/statistics/all')) as unknown as { Name: string; Cnt: number }[]
  const shown = (name: string) => rows.find((row) => row.Name === name)?.Cnt ?? 0
  expect(shown('snapshot.failed')).toBeGreaterThan(0)
  expect(shown('snapshot.ageSeconds')).toBeGreaterThan(0)

  await mysql.server?.start()
  await mysql.database.kysely.deleteFrom('strategy').execute()
  await until(async () => ((await call('Hbs.GetStrategies')) as StrategiesAnswer).hostStrategies.length === 0)
  expect(await data('/snapshot')).toMatchObject({ error: '' })
}, 30_000)

test('a MySQL that hangs holds up neither the answers nor the stop', async () => {
  await mysql.replace({ host: [{ id: 1, hostname: 'h1' }] })
  const { hbs, call, data } = await started({ database: mysql.dsn })
  mysql.server?.freeze()
  onTestFinished(() => mysql.server?.thaw())
  expect(await call('Agent.ReportStatus', report('h2'))).toEqual({ code: 0 })
  await until(async () => Number((await data('/snapshot'))['ageSeconds']) >= 2)
  expect(await call('Hbs.GetStrategies')).toEqual({ hostStrategies: [] })
  // A module's stop that takes 15 seconds ends as a failure.
  await expect(Promise.race([hbs.stop().then(() => 'stopped'), pause(14_000)])).resolves.toBe('stopped')
}, 40_000)

test('a MySQL without tables is left alone unless the configuration asks for them', async () => {
  await mysql.server?.query('DROP DATABASE falcon_portal; CREATE DATABASE falcon_portal')
  const asked = mysql.dsn
  const quiet = await started({ database: asked })
  await expect(quiet.call('Hbs.GetStrategies')).rejects.toThrow("doesn't exist")
  expect(await mysql.server?.query('SHOW TABLES FROM falcon_portal')).toEqual([])

  const making = await started({ database: asked, applySchema: true, seedDefaults: true, defaultGroup: 'default' })
  expect(await making.call('Hbs.GetStrategies')).toEqual({ hostStrategies: [] })
  expect(await making.data('/templates')).toMatchObject({ 1: { name: 'linux-default' } })
}, 30_000)

test('a reload takes over what it can at once, and a bad file changes nothing', async () => {
  const { call, get, written } = await started({
    database: `sqlite:${join(temporaryFolder(), 'falcon.db')}`,
    trustable: ['10.0.0.1'],
  })
  expect(await call('Agent.TrustableIps')).toBe('10.0.0.1')
  written({ trustable: ['10.0.0.2', '10.0.0.3'], hosts: 'cmdb' })
  const reloaded = await get('/config/reload', { method: 'POST' })
  expect(JSON.parse(reloaded.body)).toEqual({
    msg: 'success',
    data: { applied: ['trustable'], needsRestart: ['hosts'] },
  })
  expect(await call('Agent.TrustableIps')).toBe('10.0.0.2,10.0.0.3')
  expect(() => written({ trustable: 7 })).toThrow()
  const refused = await get('/config/reload', { method: 'POST' })
  expect(refused.status).toBe(400)
  expect(refused.body).toContain('trustable: ')
  expect(await call('Agent.TrustableIps')).toBe('10.0.0.2,10.0.0.3')
})

test('bad reports are answered, and the connection stays usable', async () => {
  const { call } = await started({ database: `sqlite:${join(temporaryFolder(), 'falcon.db')}`, maxAgents: 1 })
  expect(await call('Agent.ReportStatus', report(''))).toEqual({ code: 1 })
  await expect(call('Agent.ReportStatus', report('x'.repeat(300)))).rejects.toThrow('longer than 255')
  expect(await call('Agent.ReportStatus', report('h1'))).toEqual({ code: 0 })
  await expect(call('Agent.ReportStatus', report('h2'))).rejects.toThrow('already knows 1 agents')
  expect(await call('Agent.ReportStatus', report('h1'))).toEqual({ code: 0 })
  // A fleet that asks in vain must not fill the log.
  expect(lines.join('')).not.toContain('method failed')
})

test('a taken port and an unusable file are each one sentence, and leave nothing open', async () => {
  const { hbs } = await started({ database: `sqlite:${join(temporaryFolder(), 'falcon.db')}` })
  const again = started({
    database: `sqlite:${join(temporaryFolder(), 'falcon.db')}`,
    listen: `127.0.0.1:${hbs.ports.rpc}`,
  })
  await expect(again).rejects.toThrow(`Cannot listen on 127.0.0.1:${hbs.ports.rpc}: `)
  const folder = temporaryFolder()
  await expect(started({ database: `sqlite:${folder}` })).rejects.toThrow(`Cannot use database ${folder}: `)
})

test('an agent of ours hears the time and who else has its name; the fleet is shown by HTTP', async () => {
  const { call, data, get } = await started({ database: `sqlite:${join(temporaryFolder(), 'falcon.db')}` })
  const named = (Instance: string, IP: string) => ({ ...report('dir/h1'), IP, Instance })
  const before = Date.now()
  const first = await call('Agent.ReportStatus', named('a', '10.0.0.1'))
  expect(first).toEqual({ code: 0, time: expect.any(Number), duplicates: [], healthWanted: true })
  const { time } = first as { time: number }
  expect(time >= before && time <= Date.now()).toBe(true)
  for (const letter of ['b', 'a', 'b'])
    await call('Agent.ReportStatus', named(letter, letter === 'a' ? '10.0.0.1' : '10.0.0.2'))
  expect(await call('Agent.ReportStatus', named('a', '10.0.0.1'))).toMatchObject({
    duplicates: ['10.0.0.2 (from 127.0.0.1)'],
  })
  // Others get what Open-Falcon's hbs answers.
  expect(await call('Agent.ReportStatus', report('h2'))).toEqual({ code: 0 })
  const both = ['10.0.0.2 (from 127.0.0.1)', '10.0.0.1 (from 127.0.0.1)']
  expect(await data('/agents/duplicates')).toEqual([{ hostname: 'dir/h1', addresses: both }])
  expect(await data('/agents/status')).toMatchObject([{ hostname: 'dir/h1', duplicates: both }, { hostname: 'h2' }])
  expect(await data('/agents/status?trouble=1')).toMatchObject([{ hostname: 'dir/h1' }])
  expect(await data('/agents/dir/h1')).toMatchObject({ hostname: 'dir/h1', plugins: [] })
  expect(await get('/agents/h3')).toEqual({
    status: 404,
    body: 'no agent has reported as h3 in the last 24 hours\n',
  })
})
