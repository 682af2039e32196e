import { performance } from 'node:perf_hooks'
import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import { gauge, hostTags } from './collector.ts'
import type { CollectedSample, Collector } from './collector.ts'

export interface Rounds {
  /** What all collectors found, by the deadline at the latest. Never rejects. */
  collect(): Promise<CollectedSample[]>
}

export interface RoundOptions {
  /** How long a round waits for any one collector. */
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
  }
}

function createMember(collector: Collector, { deadlineMs, log, counters }: RoundOptions): Rounds {
  let hangingSince: number | undefined
  let failing = ''
  const tags = hostTags({ collector: collector.name })

  function failed(error: unknown): CollectedSample[] {
    counters.add('collect.failed')
    const message = error instanceof Error ? error.message : String(error)
    if (message !== failing) log.warn({ collector: collector.name, err: error }, 'collector failed')
    failing = message
    return [gauge('agent.collector.failed', 1, tags)]
  }

  function succeeded(samples: readonly CollectedSample[]): CollectedSample[] {
    if (failing !== '') log.info({ collector: collector.name }, 'collector works again')
    failing = ''
    const sound = samples.filter((sample) => Number.isFinite(sample.value))
    if (sound.length < samples.length) {
      const unsound = samples.filter((sample) => !Number.isFinite(sample.value))
      counters.add('collect.notFinite', unsound.length)
      log.warn({ collector: collector.name, metrics: unsound.map((sample) => sample.metric) }, 'values are not finite')
    }
    counters.add('collect.samples', sound.length)
    return sound
  }

  function missed(): CollectedSample[] {
    counters.add('collect.stuck')
    return [gauge('agent.collector.stuck', 1, tags)]
  }

  /** Runs until the collector settles, however late; `inTime` is what the round has been waiting for. */
  async function start(startedAt: number): Promise<CollectedSample[]> {
    let finish: () => CollectedSample[]
    try {
      const samples = await collector.collect()
      finish = () => succeeded(samples)
      if (hangingSince !== undefined) counters.add('collect.late', samples.length)
    } catch (error) {
      finish = () => failed(error)
    }
    if (hangingSince === undefined) return finish()
    hangingSince = undefined
    log.info(
      { collector: collector.name, seconds: Math.round((performance.now() - startedAt) / 1000) },
      'collector no longer hangs',
    )
    return []
  }

  return {
    async collect() {
      if (hangingSince !== undefined) return missed()
      const startedAt = performance.now()
      const samples = await withDeadline(start(startedAt), deadlineMs)
      if (samples !== undefined) return samples
      hangingSince = startedAt
      log.warn({ collector: collector.name, deadlineMs }, 'collector hangs, it is left out until it settles')
      return missed()
    },
  }
}

/** Undefined when `work` has not settled in time. */
async function withDeadline<T>(work: Promise<T>, deadlineMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), deadlineMs)
  })
  try {
    return await Promise.race([work, deadline])
  } finally {
    clearTimeout(timer)
  }
}
