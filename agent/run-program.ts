import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable } from 'node:stream'
import { loadGuards } from './processes/guards.ts'
import { namesOf, noLimits } from './processes/run-guard.ts'
import type { RunGuard, RunLimits, RunProcess } from './processes/run-guard.ts'

/** How a run ended. `exited` includes a non-zero code; the other outcomes have no output worth reading. */
export interface RunResult {
  readonly outcome: 'exited' | 'timeout' | 'too much output' | 'over limit' | 'not started' | 'stopped'
  /** The signal's name when one ended it, undefined when it never ran. */
  readonly exit: number | string | undefined
  readonly stdout: Buffer
  /** The beginning of it. */
  readonly stderr: Buffer
  readonly durationMs: number
  /** Why it was not started or was ended, or that it was to be killed and could not be. */
  readonly reason?: string
  /** What it started and left running, having ended by itself. */
  readonly left: readonly RunProcess[]
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
  readonly limits?: RunLimits
  /** Windows: the arguments are quoted already. */
  readonly verbatim?: boolean
}

type Child = ChildProcessByStdio<null, Readable, Readable>

/** Stderr beyond this is thrown away. */
const maxStderrBytes = 64 * 1024

/** The first look at what a run uses, soon since a fork bomb grows fast, and the longest pause between two looks. */
const firstLookMs = 100
const longestPauseMs = 1000

/**
 * Runs a program apart from our own processes and waits until it and everybody who holds its output are done, or kills
 * all of them: also when they use more than `limits` allow. What a program that ended by itself left in the
 * background, without its output, is told but lives on. Never rejects.
 */
export async function runProgram(options: RunOptions): Promise<RunResult> {
  const guards = await loadGuards()
  const mark = guards.mark()
  const startedAt = performance.now()
  const child = start(options, mark)
  if (child instanceof Error) return neverStarted(child.message)
  const guard = child.pid === undefined ? undefined : guards.watch(child.pid, mark, options.limits ?? noLimits)
  try {
    return await waitFor(child, guard, options, startedAt)
  } finally {
    guard?.close()
  }
}

async function waitFor(
  child: Child,
  guard: RunGuard | undefined,
  options: RunOptions,
  startedAt: number,
): Promise<RunResult> {
  let exit: number | string | undefined
  const end = await new Promise<Ending>((resolve) => {
    const ended = (outcome: RunResult['outcome'], reason?: string) => {
      clearTimeout(timer)
      looks?.stop()
      options.signal.removeEventListener('abort', stop)
      resolve({ outcome, reason, exit, stdout: stdout(), stderr: stderr() })
    }
    const stop = () => ended('stopped')
    const stdout = gather(child.stdout, options.maxOutputBytes, () => ended('too much output'))
    const stderr = gather(child.stderr, maxStderrBytes, () => undefined)
    const timer = setTimeout(() => ended('timeout'), options.timeoutMs)
    const looks = guard && options.limits && lookAgain(guard, (reason) => ended('over limit', reason))
    options.signal.addEventListener('abort', stop)
    if (options.signal.aborted) stop()
    child.on('error', (error) => ended('not started', error.message))
    child.on('exit', (code, signal) => {
      exit = code ?? signal ?? undefined
    })
    child.on('close', () => ended('exited'))
  })
  const durationMs = Math.round(performance.now() - startedAt)
  child.stdout.destroy()
  child.stderr.destroy()
  const byItself = end.outcome === 'exited'
  const left = byItself && options.limits ? ((await guard?.others()) ?? []) : []
  const reason = byItself || !guard ? end.reason : await endRun(guard, end)
  const { outcome, stdout, stderr } = end
  return { outcome, exit: end.exit, stdout, stderr, durationMs, left, ...(reason === undefined ? {} : { reason }) }
}

/** How a run ended, at that moment. */
type Ending = Pick<RunResult, 'outcome' | 'exit' | 'stdout' | 'stderr'> & { readonly reason: string | undefined }

/** Ends what is left of a run, and says why if there is more to say than the outcome does. */
async function endRun(guard: RunGuard, end: Ending): Promise<string | undefined> {
  // Whoever holds the output of a program that is gone is told by name.
  const holders = end.outcome === 'timeout' && end.exit !== undefined ? await guard.others() : []
  const notEnded = await guard.end()
  if (notEnded !== undefined) return notEnded
  if (holders.length > 0) return `what it started kept its output open, ${namesOf(holders)}`
  return end.reason
}

/** Looks soon, then less and less often; looks never overlap. */
function lookAgain(guard: RunGuard, onOver: (reason: string) => void): { stop(): void } {
  let stopped = false
  let pauseMs = firstLookMs
  let timer: NodeJS.Timeout
  async function look(): Promise<void> {
    const reason = await guard.check()
    if (stopped) return
    if (reason !== undefined) return onOver(reason)
    pauseMs = Math.min(pauseMs * 2, longestPauseMs)
    timer = setTimeout(() => void look(), pauseMs)
  }
  timer = setTimeout(() => void look(), pauseMs)
  return {
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}

/** Some failures come as an event, which is for the caller to hear; others (a file being written, arguments too long) are thrown. */
function start(options: RunOptions, mark: Readonly<Record<string, string>>): Child | Error {
  const { file, args, cwd, env, verbatim = false } = options
  try {
    const child = spawn(file, args, {
      cwd,
      env: { ...env, ...mark },
      // A group of its own; on Windows it would be a console of its own.
      detached: process.platform !== 'win32',
      windowsHide: true,
      windowsVerbatimArguments: verbatim,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
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
  return { outcome: 'not started', exit: undefined, stdout: nothing, stderr: nothing, durationMs: 0, left: [], reason }
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
