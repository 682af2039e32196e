import { fork } from 'node:child_process'
import type { ChildProcess, ForkOptions } from 'node:child_process'
import type { Socket } from 'node:net'
import type { Logger } from '#lib/log'
import type { TransferConfig } from '../config.ts'
import type { LaneFaces } from './faces.ts'
import type { FromLane, ToLane } from './messages.ts'

/** A lane in a process of its own, which is started again whenever it ends. */
export interface RemoteLane {
  /** Resolves when it serves; rejects with its reason when it fails several times or takes longer than `startWithinMs`. */
  readonly started: Promise<void>
  /** Whether it serves connections now. */
  readonly ready: boolean
  readonly pid: number | undefined
  /**
   * Hands over a connection from this address, of which nothing has been read. One that does not arrive is closed: its
   * sender comes again.
   */
  take(socket: Socket, address: string): void
  /** Rejects when it does not answer in time or has ended. */
  ask<F extends keyof LaneFaces>(face: F, ...args: Parameters<LaneFaces[F]>): Promise<ReturnType<LaneFaces[F]>>
  /** Ends it; what it took is then acknowledged or on disk. */
  close(): Promise<void>
}

export interface RemoteLaneOptions {
  readonly number: number
  /** Of its next start. */
  readonly config: () => TransferConfig
  /** Absolute; its own. */
  readonly spoolDir: string
  readonly log: Logger
  /** Told when a connection from this address is gone. */
  readonly onClosed: (address: string) => void
  /** Told when it ended by itself, and its connections with it. */
  readonly onExit: () => void
  /** Milliseconds. */
  readonly startWithinMs?: number
  readonly answerWithinMs?: number
}

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

const restartAfterMs = 1000
/** A process that was killed a moment ago may still hold a spool; other reasons stay. */
const startAttempts = 3
/** Shorter than what a module has to stop. */
const closeWithinMs = 12_000

export function startRemoteLane(options: RemoteLaneOptions): RemoteLane {
  const { number, spoolDir, log, startWithinMs = 10_000, answerWithinMs = 3000 } = options
  const waiting = new Map<number, Waiting>()
  let child: ChildProcess | undefined
  let ready = false
  let closing = false
  let reason = 'it says nothing'
  let failures = 0
  let nextId = 1
  let restart: NodeJS.Timeout | undefined
  let isStarted = (_error?: Error): void => undefined

  const started = new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => isStarted(new Error(`Cannot start worker ${number}: ${reason}`)), startWithinMs)
    isStarted = (error) => {
      clearTimeout(late)
      if (error) reject(error)
      else resolve()
    }
  })
  // Whoever waits for it is told; nobody need wait.
  started.catch(() => undefined)

  function start(): void {
    const process = forkLane()
    child = process
    process.on('message', (message: FromLane) => heard(message))
    process.on('error', (error) => (reason = error.message))
    process.on('exit', (code, signal) => ended(signal ?? `exit code ${code}`))
    tell(process, { kind: 'open', number, config: options.config(), spoolDir })
  }

  function heard(message: FromLane): void {
    if (message.kind === 'ready') {
      ready = true
      isStarted()
      return
    }
    if (message.kind === 'closed') {
      options.onClosed(message.address)
      return
    }
    if (message.kind === 'failed') {
      reason = message.reason
      if (++failures === startAttempts) isStarted(new Error(`Cannot start worker ${number}: ${reason}`))
      return
    }
    const asked = waiting.get(message.id)
    waiting.delete(message.id)
    if (message.kind === 'answer') asked?.resolve(message.value)
    else asked?.reject(new Error(`Cannot ask worker ${number}: ${message.reason}`))
  }

  function ended(why: string): void {
    child = undefined
    for (const one of waiting.values()) one.reject(new Error(`Cannot ask worker ${number}: it ended`))
    waiting.clear()
    if (closing) return
    if (ready) options.onExit()
    log.error({ worker: number, why: ready ? why : reason }, 'a worker ended, it is started again')
    ready = false
    restart = setTimeout(start, restartAfterMs)
  }

  start()
  return {
    started,
    get ready() {
      return ready && !closing
    },
    get pid() {
      return child?.pid
    },
    take(socket, address) {
      const lost = () => {
        socket.destroy()
        options.onClosed(address)
      }
      const give = (lane: ChildProcess) =>
        lane.send({ kind: 'connection', address } satisfies ToLane, socket, {}, (error) => {
          if (error) lost()
        })
      if (child) give(child)
      else lost()
    },
    ask(face, ...args) {
      const process = child
      if (!process || !ready) return Promise.reject(new Error(`Cannot ask worker ${number}: it does not run`))
      const id = nextId++
      return new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          waiting.delete(id)
          reject(new Error(`Cannot ask worker ${number}: no answer within ${answerWithinMs} ms`))
        }, answerWithinMs)
        waiting.set(id, {
          resolve(value) {
            clearTimeout(late)
            resolve(value as never)
          },
          reject(error) {
            clearTimeout(late)
            reject(error)
          },
        })
        tell(process, { kind: 'ask', id, face, args })
      })
    },
    async close() {
      closing = true
      clearTimeout(restart)
      isStarted(new Error(`Cannot start worker ${number}: transfer stops`))
      const process = child
      if (!process) return
      const gone = new Promise((resolve) => process.once('exit', resolve))
      // What it had not acknowledged by then its senders keep.
      const late = setTimeout(() => process.kill('SIGKILL'), closeWithinMs)
      tell(process, { kind: 'close' })
      await gone
      clearTimeout(late)
    },
  }
}

/** A process that has just ended is told nothing: its end is on the way. */
function tell(process: ChildProcess, message: ToLane): void {
  process.send(message, () => undefined)
}

function forkLane(): ChildProcess {
  const file = new URL('./process.js', import.meta.url)
  const common: ForkOptions = { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }
  if (!import.meta.url.endsWith('.ts')) return fork(file, common)
  // From source (tests, development).
  const source = new URL('./process.ts', import.meta.url)
  return fork(source, { ...common, execArgv: ['--conditions=source', '--import', import.meta.resolve('tsx')] })
}
