import { execFile, execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { projectRoot, version } from '#lib/module'
import type { SentItem } from '../drivers/falcon-client.ts'
import { startFleet } from '../drivers/fleet.ts'
import type { Fleet } from '../drivers/fleet.ts'
import { freePorts, until } from '../drivers/process.ts'

/** The executable in a folder with nothing else, without Node in the path, called from elsewhere. */
const built = join(projectRoot, 'dist-agent/agent')
const endpoint = 'executable-host'
let fleet: Fleet
let home: string
let port: number

beforeAll(async () => {
  if (!existsSync(built)) throw new Error(`${built} is missing; make it: npm run build:agent`)
  home = mkdtempSync(join(tmpdir(), 'falcon agent-'))
  copyFileSync(built, join(home, 'agent'))
  ;[fleet, [port = 0]] = await Promise.all([startFleet({ minStep: 1, judge: false }), freePorts(1)])
  const at = (number: number) => `127.0.0.1:${number}`
  writeFileSync(
    join(home, 'cfg.json'),
    JSON.stringify({
      hostname: endpoint,
      heartbeat: { enabled: true, addr: at(fleet.ports.hbsRpc), interval: 1 },
      transfer: { enabled: true, addrs: [at(fleet.ports.transferRpc)], interval: 1 },
      http: { enabled: true, listen: at(port) },
      modules: {},
    }),
  )
})

afterAll(async () => {
  if (home) await agent('stop')
  await fleet?.remove()
  if (home) rmSync(home, { recursive: true, force: true })
})

function agent(...words: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const env = { PATH: '/nowhere' }
    execFile(join(home, 'agent'), words, { cwd: '/', env, timeout: 90_000 }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 255) : 0
      resolve({ code, output: stdout + stderr })
    })
  })
}

async function pidOf(): Promise<number> {
  return Number(/pid (\d+)/.exec((await agent('status')).output)?.[1])
}

async function push(metric: string): Promise<SentItem> {
  const timestamp = Math.floor(Date.now() / 1000)
  const item = { endpoint, metric, value: 5, step: 1, counterType: 'GAUGE', tags: '', timestamp }
  const answer = await fetch(`http://127.0.0.1:${port}/v1/push`, { method: 'POST', body: JSON.stringify([item]) })
  expect(await answer.text()).toBe('success')
  return item
}

async function isStored(item: SentItem): Promise<void> {
  await until(
    `${item.metric} to be stored`,
    () => fleet.missing([item]),
    (missing) => missing.length === 0,
  )
}

test('it tells its version and collects, with nothing beside it', async () => {
  expect(await agent('version')).toEqual({ code: 0, output: `${version}\n` })
  const check = await agent('--check')
  expect(check.output).toMatch(/\ncpu\.idle +GAUGE/)
})

test('started in the background it sends, and its log lies beside it', async () => {
  expect(await agent('status')).toMatchObject({ code: 3, output: expect.stringContaining('not running') })
  expect(await agent('start')).toMatchObject({ code: 0, output: expect.stringMatching(/started in .* \(pid \d+\)/) })
  expect(await agent('start')).toMatchObject({ code: 0, output: expect.stringContaining('already running') })
  await isStored(await push('from.executable'))
  const begin = Math.floor(Date.now() / 1000)
  await until(
    'its own samples',
    () => fleet.history(endpoint, ['agent.alive'], begin - 60, begin + 60),
    ([series]) => (series?.Values ?? []).some(({ value }) => value === 1),
  )
  expect(readFileSync(join(home, 'logs/agent.log'), 'utf8')).toContain('"msg":"started"')
})

test('killed, it is back with what it had accepted; stopped, it leaves what it holds in the spool', async () => {
  await fleet.transfer.kill()
  const kept = await push('kept.over.kill')
  const before = await pidOf()
  process.kill(before, 'SIGKILL')
  await until('the next process', pidOf, (pid) => pid > 0 && pid !== before, 60_000)
  await until(
    'its health',
    () =>
      fetch(`http://127.0.0.1:${port}/health`).then(
        ({ ok }) => ok,
        () => false,
      ),
    Boolean,
    60_000,
  )
  const held = await push('held.at.stop')
  expect(await agent('stop')).toMatchObject({ code: 0, output: expect.stringContaining('stopped') })
  expect(await agent('status')).toMatchObject({ code: 3 })
  await fleet.transfer.restart()
  expect(await agent('start')).toMatchObject({ code: 0 })
  await isStored(kept)
  await isStored(held)
})

test('systemd finds nothing wrong with the unit that install writes', async () => {
  const { unitText } = await import('../../agent/service/systemd/unit.ts')
  const file = join(home, 'falcon-agent.service')
  writeFileSync(file, unitText([join(home, 'agent'), 'run-service'], home, { memoryMegabytes: 100, cpuPercent: 20 }))
  const said = execFileSync('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', file], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  expect(said).toBe('')
})
