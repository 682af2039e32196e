import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** A server process of a test's own: its data in a temporary folder, on 127.0.0.1 and a port that was free. */
export interface PrivateServer {
  readonly port: number
  /** Of the process that runs, undefined while none does. */
  pid(): number | undefined
  /** Starts it again on the same data and port; ready when it resolves. */
  start(): Promise<void>
  /** Asks it to end, and waits. */
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** Stops it where it is: connections stay, nothing is answered any more. */
  freeze(): void
  /** The opposite of `freeze`. */
  thaw(): void
  /** Kills it and removes its data. */
  remove(): Promise<void>
}

export interface ServerPlan {
  /** Part of the temporary folder's name. */
  readonly name: string
  readonly command: string
  readonly arguments: (place: { folder: string; port: number }) => string[]
  /** Prepares the data, once. */
  readonly prepare?: (folder: string) => void
  /** Whether it answers. */
  readonly ready: (place: { folder: string; port: number }) => Promise<boolean>
}

const readyWithinMs = 60_000

/** Starts the server and waits until it answers. */
export async function startPrivately(plan: ServerPlan): Promise<PrivateServer & { readonly folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), `falcon-test-${plan.name}-`))
  // The server may run as another user than the test.
  chmodSync(folder, 0o777)
  const log = join(folder, 'server.log')
  const port = await freePort()
  let child: ChildProcess | undefined
  // A test run that is broken off must not leave the server behind.
  const killWithTest = () => child?.kill('SIGKILL')
  process.once('exit', killWithTest)

  async function start(): Promise<void> {
    const output = openSync(log, 'a')
    const started = spawn(plan.command, plan.arguments({ folder, port }), { stdio: ['ignore', output, output] })
    closeSync(output)
    child = started
    const deadline = Date.now() + readyWithinMs
    while (!(await plan.ready({ folder, port }))) {
      if (started.exitCode !== null) throw new Error(`Cannot start ${plan.command}: it ended.\n${tailOf(log)}`)
      if (Date.now() > deadline) throw new Error(`Cannot start ${plan.command}: no answer in time.\n${tailOf(log)}`)
      await pause(25)
    }
  }

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }

  const server = {
    folder,
    port,
    pid: () => (child?.exitCode === null && child.signalCode === null ? child.pid : undefined),
    start,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async remove() {
      await end('SIGKILL')
      process.off('exit', killWithTest)
      rmSync(folder, { recursive: true, force: true })
    },
  }
  try {
    plan.prepare?.(folder)
    await start()
    return server
  } catch (error) {
    await server.remove()
    throw error
  }
}

/** The first of some programs that this machine has. @throws Error naming the apt package when it has none. */
export function findProgram(names: readonly string[], aptPackage: string): string {
  for (const name of names) if (spawnSync(name, ['--version'], { stdio: 'ignore' }).error === undefined) return name
  throw new Error(`Cannot run this test: neither of ${names.join(', ')} is installed (apt-get install ${aptPackage})`)
}

/** Below 55 000, since a Redis cluster also takes the port 10 000 above. */
async function freePort(): Promise<number> {
  for (;;) {
    const probe = createServer().listen(0, '127.0.0.1')
    await once(probe, 'listening')
    const address = probe.address()
    probe.close()
    await once(probe, 'close')
    if (typeof address === 'object' && address !== null && address.port < 55_000) return address.port
  }
}

function tailOf(log: string): string {
  return readFileSync(log, 'utf8').slice(-2000)
}
