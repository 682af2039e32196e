import { setTimeout as pause } from 'node:timers/promises'
import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import { WriteRefused } from './client.ts'
import type { VictoriametricsClient } from './client.ts'

/** Bodies on their way to the server, and those of the last seconds, in case it dies before they are on its disk. */
export interface Writes {
  /** Resolves when the server has taken the body. Rejects with `WriteRefused`, or when the sender must keep it. */
  write(body: Buffer, samples: number): Promise<void>
  /** The server went away: what it took last is written once more as soon as it is back. */
  rewrite(): void
  /** Bodies that wait to be written once more. */
  waiting(): number
  close(): void
}

export interface WritesOptions {
  readonly client: Pick<VictoriametricsClient, 'write'>
  /** How long the server may keep in memory what it has taken. 0: nothing is written again. */
  readonly rewriteMs: number
  readonly counters: Counters
  readonly log: Logger
}

/** The server works on so many at a time; more would wait there. */
const atOnce = 8
const retryMs = 250

export function createWrites({ client, rewriteMs, counters, log }: WritesOptions): Writes {
  interface Written {
    readonly body: Buffer
    readonly samples: number
    readonly at: number
  }
  /** By time, oldest first. */
  let recent: Written[] = []
  let again: Written[] = []
  let rewriting = false
  let closed = false
  let running = 0
  const turns: (() => void)[] = []
  counters.add('RewrittenCnt', 0)

  async function inTurn(work: () => Promise<void>): Promise<void> {
    if (running >= atOnce) await new Promise<void>((resolve) => turns.push(resolve))
    else running++
    try {
      await work()
    } finally {
      const next = turns.shift()
      if (next) next()
      else running--
    }
  }

  function dropOld(): void {
    const from = performance.now() - rewriteMs
    let old = 0
    while (old < recent.length && (recent[old]?.at ?? 0) < from) old++
    if (old > 0) recent = recent.slice(old)
  }

  async function writeAgain(): Promise<void> {
    rewriting = true
    let samples = 0
    for (;;) {
      const [next] = again
      if (!next || closed) break
      try {
        await client.write(next.body)
        samples += next.samples
        // It may be lost once more.
        recent.push({ ...next, at: performance.now() })
        again = again.slice(1)
      } catch (error) {
        if (error instanceof WriteRefused) again = again.slice(1)
        else await pause(retryMs, undefined, { ref: false })
      }
    }
    rewriting = false
    if (samples === 0) return
    counters.add('RewrittenCnt', samples)
    log.info({ samples }, 'the last samples were written again after VictoriaMetrics went away')
  }

  return {
    write: (body, samples) =>
      inTurn(async () => {
        await client.write(body)
        if (rewriteMs === 0) return
        recent.push({ body, samples, at: performance.now() })
        dropOld()
      }),
    rewrite() {
      dropOld()
      again.push(...recent)
      recent = []
      if (!rewriting && again.length > 0) void writeAgain()
    },
    waiting: () => again.length,
    close() {
      closed = true
      if (again.length > 0) log.warn({ bodies: again.length }, 'stopped before the last samples were written again')
    },
  }
}
