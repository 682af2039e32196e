import { performance } from 'node:perf_hooks'
import { withDeadline } from './deadline.ts'
import type { Places } from './places.ts'

/** The machine did not answer in time. The same question is not asked again until the old one is answered. */
export class StuckError extends Error {
  override name = 'StuckError'
  /** Whether the call itself hangs, or could not even begin because others hang. */
  readonly reason: 'hangs' | 'no room'

  constructor(what: string, reason: 'hangs' | 'no room', waitedMs: number) {
    const why = reason === 'hangs' ? `waiting for ${(waitedMs / 1000).toFixed(1)} s` : 'others that hang leave no room'
    super(`Cannot get an answer from ${what}: ${why}`)
    this.reason = reason
  }
}

/** Questions to the machine that may never be answered: a dead NFS server, a driver, a process stuck in the kernel. */
export interface SlowCalls {
  /**
   * Resolves with what `call` gives. While an earlier call of the same name runs, its answer is shared; once that
   * one is overdue, later ones reject at once, as do all when every place is taken by an overdue one. `signal` is
   * aborted at the deadline, for calls of many steps. What waits for a place goes on waiting as long as others get on.
   * @throws StuckError when there is no answer `deadlineMs` after the call was made.
   */
  run<T>(name: string, deadlineMs: number, call: (signal: AbortSignal) => Promise<T>): Promise<T>
  /** Names of the calls that hang. */
  hanging(): string[]
}

interface Call {
  readonly answer: Promise<unknown>
  readonly deadline: AbortController
  /** When it got its place; undefined while it waits for one. */
  readonly made: { at: number | undefined }
}

const notYet = Symbol('not yet')

/**
 * A call that hangs keeps one of the few threads that Node has for files and names (4 unless UV_THREADPOOL_SIZE says
 * otherwise), and nothing can take it back. So each call needs one of `places`, and waits until there is one.
 */
export function createSlowCalls(places: Places): SlowCalls {
  const calls = new Map<string, Call>()
  const hanging = new Set<string>()

  function ask<T>(name: string, call: (signal: AbortSignal) => Promise<T>): Call {
    if (hanging.size === places.count) throw new StuckError(name, 'no room', 0)
    const deadline = new AbortController()
    const made: Call['made'] = { at: undefined }
    const answer = places.use(async () => {
      deadline.signal.throwIfAborted()
      made.at = performance.now()
      return await call(deadline.signal)
    })
    const forget = () => {
      calls.delete(name)
      hanging.delete(name)
    }
    answer.then(forget, forget)
    const asked = { answer, deadline, made }
    calls.set(name, asked)
    return asked
  }

  return {
    async run<T>(name: string, deadlineMs: number, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
      const { answer, deadline, made } = calls.get(name) ?? ask(name, call)
      const waitedMs = () => (made.at === undefined ? 0 : performance.now() - made.at)
      const giveUp = (): never => {
        deadline.abort()
        if (made.at !== undefined) hanging.add(name)
        throw new StuckError(name, made.at === undefined ? 'no room' : 'hangs', waitedMs())
      }
      const late = (): typeof notYet => {
        const overdue = made.at === undefined ? hanging.size === places.count : waitedMs() >= deadlineMs
        return overdue ? giveUp() : notYet
      }
      if (deadline.signal.aborted) giveUp()
      for (;;) {
        const found = await withDeadline<T | typeof notYet>(answer as Promise<T>, deadlineMs - waitedMs(), late)
        if (found !== notYet) return found
      }
    },
    hanging: () => [...hanging],
  }
}
