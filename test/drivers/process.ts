import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { projectRoot } from '#lib/module'

/** A module of ours as its own process, started from the built code as a user's is. */
export interface ModuleProcess {
  readonly name: string
  readonly httpPort: number
  readonly pid: number
  /** Everything it has printed since the first start. */
  output(): string
  /** SIGKILL: nothing is flushed, nothing is said. Settles when the process is gone. */
  kill(): Promise<void>
  /** SIGTERM. Settles with the exit code. */
  stop(): Promise<number | null>
  /** With which it was started last. */
  readonly config: object
  /** Starts it again with the same ports and data, and with another configuration when one is given. */
  restart(config?: object): Promise<void>
  /** `GET` on its HTTP port; the parsed JSON, or the text when it is none. */
  get(path: string): Promise<unknown>
}

export interface ProcessOptions {
  readonly name: 'agent' | 'transfer' | 'hbs' | 'judge' | 'graph-query' | 'alarm'
  readonly folder: string
  readonly httpPort: number
  readonly config: object
  readonly env?: Record<string, string>
}

/** A busy machine may take long; whoever waits in vain is told what the process said. */
const startTimeoutMs = 120_000

/** Whoever ends early, by a failure or Ctrl-C, leaves no process behind. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Writes the configuration, starts the process and waits for `/health`. Rejects with its output when it leaves instead. */
export async function startModule(options: ProcessOptions): Promise<ModuleProcess> {
  const { name, folder, httpPort } = options
  mkdirSync(folder, { recursive: true })
  const configFile = join(folder, `${name}.json`)
  let { config } = options
  let output = ''
  let child: ChildProcess

  async function launch(): Promise<void> {
    writeFileSync(configFile, JSON.stringify(config, undefined, 2))
    const started = spawn(process.execPath, [join('dist', name, 'main.js'), '--config', configFile], {
      cwd: projectRoot,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child = started
    running.add(started)
    started.once('exit', () => running.delete(started))
    for (const stream of [started.stdout, started.stderr])
      stream?.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
    const deadline = Date.now() + startTimeoutMs
    while (Date.now() < deadline) {
      if (gone(started)) throw new Error(`${name} left at start:\n${output}`)
      if (await isUp(httpPort)) return
      await sleep(25)
    }
    throw new Error(`${name} did not become healthy:\n${output}`)
  }

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    const ending = child
    if (gone(ending)) return ending.exitCode
    const left = new Promise<number | null>((resolve) => ending.once('exit', (code) => resolve(code)))
    ending.kill(signal)
    return left
  }

  await launch()
  return {
    name,
    httpPort,
    get pid() {
      return child.pid ?? 0
    },
    output: () => output,
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
    get config() {
      return config
    },
    restart(another = config) {
      config = another
      return launch()
    },
    async get(path) {
      const response = await fetch(`http://127.0.0.1:${httpPort}${path}`)
      const text = await response.text()
      try {
        return JSON.parse(text) as unknown
      } catch {
        return text
      }
    },
  }
}

function gone(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

async function isUp(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/health`)
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false // Not listening yet.
  }
}

/**
 * Distinct ports that nobody listens on at the moment, below the kernel's ephemeral range: a client that keeps dialing a
 * port of that range while its server is away may connect to itself and so take it.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = 12_000 + Math.floor(Math.random() * 20_000)
    if (!ports.has(port) && (await isFree(port))) ports.add(port)
  }
  return [...ports]
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** Asks until the answer satisfies, failing with the last answer after `timeoutMs`. */
export async function until<T>(
  what: string,
  ask: () => Promise<T> | T,
  satisfies: (answer: T) => boolean,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (satisfies(answer)) return answer
    if (Date.now() > deadline)
      throw new Error(`Waited ${timeoutMs} ms for ${what}; last: ${JSON.stringify(answer)?.slice(0, 2000)}`)
    await sleep(50)
  }
}
