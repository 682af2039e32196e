import { performance } from 'node:perf_hooks'
import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import { withDeadline } from '../host/deadline.ts'
import { gauge, hostTags } from './collector.ts'
import type { CollectedSample, Collector } from './collector.ts'

export interface Rounds {
  /** What all collectors found, by the deadline at the latest. Never rejects. */
  collect(): Promise<CollectedSample[]>
  /** Those that failed the last time, or hang. */
  troubles(): CollectorTrouble[]
}

export interface CollectorTrouble {
  readonly collector: string
  readonly kind: 'failed' | 'hangs'
  /** Of a failure. */
  readonly reason: string | undefined
}

export interface RoundOptions {
  /** How long a round waits for any one collector; looked at in each round. */
  readonly deadlineMs: number
  readonly log: Logger
  /**
   * Each sample leaves in exactly one of `collect.samples`, `collect.notFinite` and `collect.late`; a collector's
   * failures are in `collect.failed`, the rounds it missed because it hangs in `collect.stuck`.
   */
  readonly counters: Counters
}

/**
 * Runs collectors side by side, round after round. One that fails or hangs costs only its own samples: it is
 * logged when that begins and when it ends, counted each time, and sent as `agent.collector.failed` or
 * `agent.collector.stuck`. One that hangs is not started again until it settles; what it then brings is too late.
 */
export function createRounds(collectors: readonly Collector[], options: RoundOptions): Rounds {
  const members = collectors.map((collector) => createMember(collector, options))
  return {
    async collect() {
      return (await Promise.all(members.map((member) => member.collect()))).flat()
    },
    troubles: () => members.flatMap((member) => member.troubles()),
  }
}

function createMember(collector: Collector, options: RoundOptions): Rounds {
  const { log, counters } = options
  let running = false
  let hangs = false
  let problem: string | undefined
  const tags = hostTags({ collector: collector.name })

  function failed(error: unknown): CollectedSample[] {
    counters.add('collect.failed')
    const message = error instanceof Error ? error.message : String(error)
    if (message !== problem) log.warn({ collector: collector.name, err: error }, 'collector failed')
    problem = message
    return [gauge('agent.collector.failed', 1, tags)]
  }

  function succeeded(samples: readonly CollectedSample[]): CollectedSample[] {
    if (problem !== undefined) log.info({ collector: collector.name }, 'collector works again')
    problem = undefined
    if (hangs) {
      counters.add('collect.late', samples.length)
      return []
    }
    const sound = samples.filter((sample) => Number.isFinite(sample.value))
    counters.add('collect.samples', sound.length)
    if (sound.length < samples.length) {
      const metrics = samples.filter((sample) => !sound.includes(sample)).map((sample) => sample.metric)
      counters.add('collect.notFinite', metrics.length)
      log.warn({ collector: collector.name, metrics }, 'values that are no numbers left out')
    }
    return sound
  }

  /** Settles when the collector does, however late, and never rejects. */
  async function run(): Promise<CollectedSample[]> {
    const startedAt = performance.now()
    running = true
    let samples: CollectedSample[]
    try {
      samples = succeeded(await collector.collect())
    } catch (error) {
      samples = failed(error)
    }
    if (hangs) {
      const seconds = Math.round((performance.now() - startedAt) / 1000)
      log.info({ collector: collector.name, seconds }, 'collector no longer hangs')
    }
    running = false
    hangs = false
    return samples
  }

  function missed(): CollectedSample[] {
    counters.add('collect.stuck')
    return [gauge('agent.collector.stuck', 1, tags)]
  }

  return {
    async collect() {
      if (running) return missed()
      const { deadlineMs } = options
      return await withDeadline(run(), deadlineMs, () => {
        hangs = true
        log.warn({ collector: collector.name, deadlineMs }, 'collector hangs, it is left out until it settles')
        return missed()
      })
    },
    troubles() {
      if (hangs) return [{ collector: collector.name, kind: 'hangs', reason: undefined }]
      return problem === undefined ? [] : [{ collector: collector.name, kind: 'failed', reason: problem }]
    },
  }
}
