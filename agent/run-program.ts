import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable } from 'node:stream'

/** How a run ended. `exited` includes a non-zero code; the other outcomes have no output worth reading. */
export interface RunResult {
  readonly outcome: 'exited' | 'timeout' | 'too much output' | 'not started' | 'stopped'
  /** The signal's name when one ended it, undefined when it never ran. */
  readonly exit: number | string | undefined
  readonly stdout: Buffer
  /** The beginning of it. */
  readonly stderr: Buffer
  readonly durationMs: number
  /** Why it was not started, or that it was to be killed and could not be. */
  readonly reason?: string
}

export interface RunOptions {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly timeoutMs: number
  /** More on stdout ends the run. */
  readonly maxOutputBytes: number
  /** Aborting kills it. */
  readonly signal: AbortSignal
}

type Child = ChildProcessByStdio<null, Readable, Readable>

/** Stderr beyond this is thrown away. */
const maxStderrBytes = 64 * 1024

/**
 * Runs a program in a process group of its own and waits until it and everybody who holds its output are done, or kills
 * the whole group. Never rejects.
 */
export function runProgram(options: RunOptions): Promise<RunResult> {
  const startedAt = performance.now()
  const child = start(options)
  if (child instanceof Error) return Promise.resolve(neverStarted(child.message))
  return waitFor(child, options, startedAt)
}

function waitFor(child: Child, options: RunOptions, startedAt: number): Promise<RunResult> {
  return new Promise((resolve) => {
    const stdout = gather(child.stdout, options.maxOutputBytes, () => end('too much output'))
    const stderr = gather(child.stderr, maxStderrBytes, () => undefined)
    let exit: number | string | undefined
    let ended = false

    function end(outcome: RunResult['outcome'], reason?: string): void {
      if (ended) return
      ended = true
      clearTimeout(timer)
      options.signal.removeEventListener('abort', stop)
      const why = outcome === 'exited' ? reason : (killGroup(child.pid) ?? reason)
      child.stdout.destroy()
      child.stderr.destroy()
      resolve({
        outcome,
        exit,
        stdout: stdout(),
        stderr: stderr(),
        durationMs: Math.round(performance.now() - startedAt),
        ...(why === undefined ? {} : { reason: why }),
      })
    }
    const stop = () => end('stopped')
    const timer = setTimeout(() => end('timeout'), options.timeoutMs)
    options.signal.addEventListener('abort', stop)
    if (options.signal.aborted) stop()
    child.on('error', (error) => end('not started', error.message))
    child.on('exit', (code, signal) => {
      exit = code ?? signal ?? undefined
    })
    child.on('close', () => end('exited'))
  })
}

/** Some failures come as an event, which is for the caller to hear; others (a file being written, arguments too long) are thrown. */
function start({ file, args, cwd, env }: RunOptions): Child | Error {
  try {
    const child = spawn(file, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    // Node tells of too many open files by an event, having made no pipes.
    if ((child as Partial<Child>).stdout) return child
    child.once('error', () => undefined)
    return new Error(`spawn ${file}: too many open files`)
  } catch (error) {
    return error as Error
  }
}

function neverStarted(reason: string): RunResult {
  const nothing = Buffer.alloc(0)
  return { outcome: 'not started', exit: undefined, stdout: nothing, stderr: nothing, durationMs: 0, reason }
}

/** Collects what a stream gives up to a limit; more is dropped, and told once. */
function gather(stream: Readable, limit: number, onFull: () => void): () => Buffer {
  const parts: Buffer[] = []
  let length = 0
  stream.on('data', (part: Buffer) => {
    if (length >= limit + 1) return
    const room = limit - length
    parts.push(part.length > room ? part.subarray(0, room) : part)
    length += part.length
    if (length > limit) onFull()
  })
  return () => Buffer.concat(parts)
}

/** Says why the group lives on, if it does. */
function killGroup(pid: number | undefined): string | undefined {
  if (pid === undefined) return undefined
  try {
    process.kill(-pid, 'SIGKILL')
    return undefined
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    // Nobody of the group is left.
    return code === 'ESRCH' ? undefined : `it could not be killed: ${message}`
  }
}
