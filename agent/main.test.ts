import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { readMetricValues } from '#protocol'
import type { ReceivedItem } from '#protocol'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import { projectRoot } from '#lib/module'
import { defineMethod, listenRpc } from '#lib/rpc'

// Real processes: each takes a second to come up.
vi.setConfig({ testTimeout: 40_000 })

let home: string
const cleaning: (() => Promise<unknown> | void)[] = []
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'agent-main-'))
})
afterEach(async () => {
  for (const clean of cleaning.splice(0).toReversed()) await clean()
  rmSync(home, { recursive: true, force: true })
})

/** Ports that nobody listens on for the moment. */
async function freePort(): Promise<number> {
  const { port, close } = await transfer()
  await close()
  return port
}

async function transfer(port = 0) {
  const taken: ReceivedItem[] = []
  const server = await listenRpc({
    listen: `127.0.0.1:${port}`,
    methods: [
      defineMethod({
        name: 'Transfer.Update',
        read: readMetricValues,
        handle(items: (ReceivedItem | null)[]) {
          taken.push(...items.filter((item) => item !== null))
          return { Message: 'ok', Total: items.length, Invalid: 0, Latency: 0 }
        },
      }),
    ],
    context: undefined,
    log: createLogger('transfer', { destination: { write: () => undefined } }),
    counters: createCounters(),
  })
  return { port: server.port, taken, close: () => server.close() }
}

interface Process {
  readonly child: ChildProcess
  readonly output: () => string
  /** Resolves to the exit code, or the name of the signal. */
  readonly ended: Promise<number | string | null>
}

function run(...args: string[]): Process {
  return runWith({}, ...args)
}

function runWith(env: Record<string, string>, ...args: string[]): Process {
  const child = spawn(
    process.execPath,
    ['--conditions=source', '--import', 'tsx', join(projectRoot, 'agent/main.ts'), ...args],
    { cwd: projectRoot, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (output += part.toString()))
  const ended = new Promise<number | string | null>((resolve) => {
    child.on('close', (code, signal) => resolve(code ?? signal))
  })
  cleaning.push(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { child, output: () => output, ended }
}

function configFile(settings: object): string {
  const file = join(home, 'cfg.json')
  writeFileSync(file, JSON.stringify(settings))
  return file
}

async function startAgent(transferPort: number, httpPort: number): Promise<Process> {
  const started = run(
    '--config',
    configFile({
      hostname: 'h1',
      transfer: { enabled: true, addrs: [`127.0.0.1:${transferPort}`], interval: 3600 },
      http: { enabled: true, listen: `127.0.0.1:${httpPort}` },
      spool: { dir: join(home, 'spool') },
      dataDir: join(home, 'data'),
    }),
  )
  await vi.waitFor(
    async () => {
      expect((await fetch(`http://127.0.0.1:${httpPort}/health`)).status, started.output()).toBe(200)
    },
    { timeout: 15_000 },
  )
  return started
}

function push(httpPort: number, metric: string, count: number): Promise<Response> {
  const items = Array.from({ length: count }, (_, value) => ({
    endpoint: 'h1',
    metric,
    value,
    step: 60,
    counterType: 'GAUGE',
    tags: '',
    timestamp: 1000 + value,
  }))
  return fetch(`http://127.0.0.1:${httpPort}/v1/push`, { method: 'POST', body: JSON.stringify(items) })
}

test('samples survive SIGKILL of the agent while transfer is away, and arrive once, in order', async () => {
  const [transferPort, httpPort] = [await freePort(), await freePort()]
  const first = await startAgent(transferPort, httpPort)
  expect(await (await push(httpPort, 'kept', 300)).text()).toBe('success')
  // On disk after five seconds at the latest.
  await vi.waitFor(
    async () => {
      const page = await (await fetch(`http://127.0.0.1:${httpPort}/`)).text()
      expect(page).toContain('<td>Waiting on disk</td><td>300</td>')
    },
    { timeout: 10_000, interval: 200 },
  )
  first.child.kill('SIGKILL')
  expect(await first.ended).toBe('SIGKILL')
  const peer = await transfer(transferPort)
  cleaning.push(() => peer.close())
  const second = await startAgent(transferPort, httpPort)
  await vi.waitFor(() => expect(peer.taken).toHaveLength(300), { timeout: 10_000 })
  expect(peer.taken.map(({ timestamp }) => timestamp)).toEqual(Array.from({ length: 300 }, (_, i) => 1000 + i))
  second.child.kill('SIGTERM')
  expect(await second.ended).toBe(0)
})

test('SIGTERM at once after a push leaves nothing behind', async () => {
  const [transferPort, httpPort] = [await freePort(), await freePort()]
  const first = await startAgent(transferPort, httpPort)
  expect((await push(httpPort, 'held', 50)).status).toBe(200)
  first.child.kill('SIGTERM')
  expect(await first.ended).toBe(0)
  const peer = await transfer(transferPort)
  cleaning.push(() => peer.close())
  await startAgent(transferPort, httpPort)
  await vi.waitFor(() => expect(peer.taken).toHaveLength(50), { timeout: 10_000 })
})

test('/exit ends the process with code 0, a port that is taken with 1 and one sentence', async () => {
  const [transferPort, httpPort] = [await freePort(), await freePort()]
  const first = await startAgent(transferPort, httpPort)
  const second = run('--config', configFile({ http: { enabled: true, listen: `127.0.0.1:${httpPort}` } }))
  expect(await second.ended).toBe(1)
  expect(second.output()).toMatch(/^agent: Cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE.*\n$/)
  expect(await (await fetch(`http://127.0.0.1:${httpPort}/exit`)).text()).toBe('exiting...')
  expect(await first.ended).toBe(0)
})

test('--check prints one collection and sends nothing', async () => {
  const peer = await transfer()
  cleaning.push(() => peer.close())
  const settings = { transfer: { enabled: true, addrs: [`127.0.0.1:${peer.port}`], interval: 1 } }
  const check = run('--check', '--config', configFile(settings))
  expect(await check.ended, check.output()).toBe(0)
  expect(check.output()).toMatch(/^metric +tags +type +value/)
  expect(check.output()).toMatch(/\nagent\.alive +GAUGE +1/)
  expect(check.output()).toMatch(/\ncpu\.idle +GAUGE +[\d.]+ +%/)
  expect(peer.taken).toEqual([])
})

test('--check ends with code 1 and a sentence a collector when the host cannot be read', async () => {
  const check = runWith({ NUX_ROOTFS: join(home, 'nothing') }, '--check', '--config', configFile({}))
  expect(await check.ended).toBe(1)
  expect(check.output()).toMatch(/^agent: collector failed: cpu: Cannot read \/proc\/stat: .*ENOENT.*$/m)
  expect(check.output()).not.toContain('"level"')
})

test('bad arguments and a bad configuration end with code 2 and every problem named', async () => {
  const wrong = run('--check', '--config', configFile({ transfer: { interval: 0 }, http: { listen: 'x' } }))
  expect(await wrong.ended).toBe(2)
  expect(wrong.output()).toContain('transfer.interval')
  expect(wrong.output()).toContain('http.listen')
  const unknown = run('--check', '--nope')
  expect(await unknown.ended).toBe(2)
  expect(unknown.output()).toContain('Usage: agent --check [--config FILE]')
})
