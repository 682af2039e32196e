import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createLogger } from '#lib/log'
import { readProcess } from './process-table.ts'
import { moduleEnvironment } from './module-environment.ts'
import { createSupervisor } from './supervisor.ts'
import type { Supervisor } from './supervisor.ts'
import { statusTable } from './status-table.ts'

const log = createLogger('test', { destination: { write: () => undefined } })
const open: Supervisor[] = []
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'falcon-supervise-'))
})
afterEach(async () => {
  for (const supervisor of open.splice(0)) {
    for (const { name } of await supervisor.status()) await supervisor.stop(name)
    supervisor.close()
  }
  rmSync(folder, { recursive: true })
})

/** A supervisor of one module "m" whose script is given as text. */
function supervise(
  script: string,
  healthPort?: number,
  startTimeoutMs = 5000,
  signOfLife = { everyMs: 50, missed: 2 },
): Supervisor {
  const file = join(folder, 'm.mjs')
  writeFileSync(file, script)
  const spec = { name: 'm', argv: [file] }
  const supervisor = createSupervisor({
    specs: [healthPort === undefined ? spec : { ...spec, healthPort }],
    cwd: folder,
    runDir: folder,
    logDir: folder,
    log,
    startTimeoutMs,
    stopTimeoutMs: 500,
    signOfLife,
  })
  open.push(supervisor)
  return supervisor
}

const server = (port: number) => `
  import { createServer } from 'node:http'
  createServer((q, r) => r.end('ok')).listen(${port}, '127.0.0.1')
  process.on('SIGTERM', () => process.exit(0))`

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => probe.once('listening', resolve))
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function only(supervisor: Supervisor) {
  const [status] = await supervisor.status()
  if (!status) throw new Error('there is one module')
  return status
}

test('start waits for health; status then tells pid, port and memory; stop leaves no process and no pid file', async () => {
  const port = await freePort()
  const supervisor = supervise(server(port), port)
  expect(await supervisor.start('m')).toMatchObject({ ok: true })
  const status = await only(supervisor)
  expect(status).toMatchObject({ state: 'running', healthy: true, ports: [port], restarts: 0 })
  expect(status.residentBytes).toBeGreaterThan(10 * 2 ** 20)
  expect(await supervisor.start('m')).toEqual({ ok: true, text: `already running (pid ${status.pid})` })
  expect(await supervisor.stop('m')).toEqual({ ok: true, text: 'stopped' })
  expect(readProcess(status.pid ?? 0)).toBeUndefined()
  expect(existsSync(join(folder, 'm.pid'))).toBe(false)
  expect(supervisor.idle()).toBe(true)
})

test('a module that leaves at once is reported with its own last sentence and is not tried again', async () => {
  const supervisor = supervise(`process.stderr.write('m: Cannot listen on :80: taken\\n'); process.exit(1)`, 1)
  expect(await supervisor.start('m')).toEqual({ ok: false, text: 'Cannot listen on :80: taken' })
  expect((await only(supervisor)).state).toBe('failed')
  expect(supervisor.idle()).toBe(true)
})

test('a stranger answering on the health port does not make a module healthy', async () => {
  const port = await freePort()
  const { createServer: createHttp } = await import('node:http')
  const stranger = createHttp((_, response) => response.end('ok')).listen(port, '127.0.0.1')
  try {
    const supervisor = supervise(
      `process.stderr.write('m: port taken\\n'); setTimeout(() => process.exit(1), 300)`,
      port,
    )
    expect(await supervisor.start('m')).toEqual({ ok: false, text: 'port taken' })
  } finally {
    await new Promise((resolve) => stranger.close(resolve))
  }
})

test('a module gives outgrown memory back to the system, as glibc reads it from its environment', async () => {
  const file = join(folder, 'environment')
  const supervisor = supervise(`
    import { writeFileSync } from 'node:fs'
    writeFileSync(${JSON.stringify(file)}, JSON.stringify(process.env))
    setInterval(() => undefined, 1000)`)
  await supervisor.start('m')
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ ...moduleEnvironment, PATH: process.env['PATH'] })
})

test('a module that says what it is busy with is not given up, and is told by what it says', async () => {
  const port = await freePort()
  const busyUntil = join(folder, 'done')
  const supervisor = supervise(
    `import { createServer } from 'node:http'
    import { existsSync } from 'node:fs'
    createServer((q, r) => existsSync(${JSON.stringify(busyUntil)}) ? r.end('ok') : r.writeHead(503).end('copying, 12 %'))
      .listen(${port}, '127.0.0.1')`,
    port,
    3000,
  )
  const started = await supervisor.start('m')
  expect(started).toMatchObject({
    ok: true,
    text: expect.stringMatching(/^is still copying, 12 %; "\.\/control status"/),
  })
  const status = await only(supervisor)
  expect(status).toMatchObject({ healthy: false, busy: 'copying, 12 %' })
  expect(await statusTable([status], () => undefined)).toMatch(/m +starting [^]*\n\nm is copying, 12 %$/)
  // It is watched as any other.
  process.kill(status.pid ?? 0, 'SIGKILL')
  await vi.waitFor(
    async () => expect(await only(supervisor)).toMatchObject({ busy: 'copying, 12 %', restarts: 1 }),
    10_000,
  )
  writeFileSync(busyUntil, '')
  await vi.waitFor(
    async () => expect(await only(supervisor)).toMatchObject({ healthy: true, state: 'running' }),
    10_000,
  )
}, 30_000)

test('a killed module comes back by itself', async () => {
  const port = await freePort()
  const supervisor = supervise(server(port), port)
  await supervisor.start('m')
  const before = await only(supervisor)
  process.kill(before.pid ?? 0, 'SIGKILL')
  await vi.waitFor(
    async () => {
      const now = await only(supervisor)
      expect(now).toMatchObject({ state: 'running', healthy: true, restarts: 1 })
      expect(now.pid).not.toBe(before.pid)
    },
    { timeout: 10_000, interval: 50 },
  )
})

test.each(['stopped', 'hung'])(
  'a %s module is ended and comes back',
  async (how) => {
    const port = await freePort()
    const hangs = how === 'hung' ? `process.on('SIGUSR2', () => { for (;;); })` : ''
    const supervisor = supervise(`${server(port)}\n${hangs}`, port)
    await supervisor.start('m')
    const before = await only(supervisor)
    process.kill(before.pid ?? 0, how === 'hung' ? 'SIGUSR2' : 'SIGSTOP')
    await vi.waitFor(
      async () => {
        const now = await only(supervisor)
        expect(now).toMatchObject({ state: 'running', healthy: true, restarts: 1 })
        expect(now.pid).not.toBe(before.pid)
      },
      { timeout: 20_000, interval: 100 },
    )
  },
  30_000,
)

test('a module that says it is busy, and one that has not answered yet, are left alone', async () => {
  const port = await freePort()
  const asked = join(folder, 'asked')
  const supervisor = supervise(
    `import { createServer } from 'node:http'
    import { appendFileSync } from 'node:fs'
    createServer((q, r) => { appendFileSync(${JSON.stringify(asked)}, '.'); r.writeHead(503).end('copying') })
      .listen(${port}, '127.0.0.1')`,
    port,
    3000,
    { everyMs: 20, missed: 1 },
  )
  await supervisor.start('m')
  const { pid } = await only(supervisor)
  const before = readFileSync(asked, 'utf8').length
  await vi.waitFor(() => expect(readFileSync(asked, 'utf8').length).toBeGreaterThan(before + 10), 10_000)
  expect(await only(supervisor)).toMatchObject({ pid, restarts: 0, busy: 'copying' })
}, 30_000)

test('a module that ignores SIGTERM is killed, with the children of its group', async () => {
  const port = await freePort()
  const childFile = join(folder, 'child.pid')
  const supervisor = supervise(
    `${server(port)}
    import { spawn } from 'node:child_process'
    import { writeFileSync } from 'node:fs'
    process.removeAllListeners('SIGTERM')
    process.on('SIGTERM', () => undefined)
    writeFileSync(${JSON.stringify(childFile)}, String(spawn('sleep', ['60']).pid))`,
    port,
  )
  await supervisor.start('m')
  await vi.waitFor(() => expect(existsSync(childFile)).toBe(true))
  const child = Number(readFileSync(childFile, 'utf8'))
  const childBytes = readProcess(child)?.residentBytes ?? 0
  expect(childBytes).toBeGreaterThan(0)
  const status = await only(supervisor)
  const ownPages = Number(readFileSync(`/proc/${status.pid}/statm`, 'utf8').split(' ')[1])
  // Its own memory moves a little between the two readings.
  expect(readProcess(status.pid ?? 0)?.residentBytes).toBeGreaterThan(ownPages * 4096 + childBytes / 2)
  expect((await supervisor.stop('m')).text).toMatch(/^killed/)
  await vi.waitFor(() => expect(readProcess(child)).toBeUndefined())
})

test('a new supervisor finds what the last one left running, and can stop it', async () => {
  const port = await freePort()
  const first = supervise(server(port), port)
  await first.start('m')
  const { pid } = await only(first)
  first.close()
  const second = supervise(server(port), port)
  expect(await only(second)).toMatchObject({ pid, state: 'running', healthy: true })
  expect(await second.stop('m')).toEqual({ ok: true, text: 'stopped' })
})
