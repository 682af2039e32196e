import { performance } from 'node:perf_hooks'
import { withDeadline } from './deadline.ts'

/** The machine did not answer in time. The same question is not asked again until the old one is answered. */
export class StuckError extends Error {
  override name = 'StuckError'
}

/** Questions to the machine that may never be answered: a dead NFS server, a driver, a process stuck in the kernel. */
export interface SlowCalls {
  /**
   * Resolves with what `call` gives. While an earlier call of the same name runs, its answer is shared; once that
   * one is overdue, later ones reject at once. `signal` is aborted at the deadline, for calls of many steps.
   * @throws StuckError after `deadlineMs`, whether the call itself hangs or hanging ones left no room to start it.
   */
  run<T>(name: string, deadlineMs: number, call: (signal: AbortSignal) => Promise<T>): Promise<T>
  /** Names of the calls that are overdue. */
  overdue(): string[]
}

interface Running {
  readonly answer: Promise<unknown>
  readonly startedAt: number
  readonly deadline: AbortController
}

/**
 * A call that hangs keeps one of the few threads that Node has for files and names (4 unless UV_THREADPOOL_SIZE says
 * otherwise), and nothing can take it back. So at most `limit` run at a time, the others wait for their turn.
 */
export function createSlowCalls(limit: number): SlowCalls {
  const running = new Map<string, Running>()
  const waiting: (() => void)[] = []
  let free = limit

  async function inTurn<T>(call: () => Promise<T>): Promise<T> {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await call()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }

  function start<T>(name: string, call: (signal: AbortSignal) => Promise<T>): Running {
    const deadline = new AbortController()
    const answer = inTurn(async () => {
      deadline.signal.throwIfAborted()
      return await call(deadline.signal)
    })
    const forget = () => running.delete(name)
    answer.then(forget, forget)
    const started = { answer, startedAt: performance.now(), deadline }
    running.set(name, started)
    return started
  }

  return {
    async run<T>(name: string, deadlineMs: number, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
      const { answer, startedAt, deadline } = running.get(name) ?? start(name, call)
      const late = (): never => {
        deadline.abort()
        const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
        throw new StuckError(`Cannot get an answer from ${name}: waiting for ${seconds} s`)
      }
      if (deadline.signal.aborted) late()
      return await withDeadline(answer as Promise<T>, deadlineMs, late)
    },
    overdue: () => [...running].filter(([, { deadline }]) => deadline.signal.aborted).map(([name]) => name),
  }
}
