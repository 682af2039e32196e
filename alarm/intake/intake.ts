import type { Counters } from '#lib/counters'
import type { EventConsumer } from '#lib/event-queue'
import type { Logger } from '#lib/log'
import type { Plan } from './plan.ts'
import type { Recorded } from './record.ts'

export interface Intake {
  /** Why nothing can be taken or recorded; undefined while that works. */
  readonly failure: string | undefined
  /** Ends after the batch under way. */
  stop(): Promise<void>
}

export interface IntakeOptions {
  readonly consumer: EventConsumer
  record(events: Awaited<ReturnType<EventConsumer['take']>>): Promise<Recorded>
  /** Called with what was recorded. */
  told(plans: readonly Plan[]): void
  readonly batch: number
  readonly pollMs: number
  readonly counters: Counters
  readonly log: Logger
}

const firstPauseMs = 250
const longestPauseMs = 5000

/**
 * Takes events, has them recorded, and only then lets the queue forget them; for as long as it takes. Whatever fails is tried
 * again: an event that was recorded already is known by its key.
 */
export function startIntake(options: IntakeOptions): Intake {
  const { consumer, batch, pollMs, counters, log } = options
  let stopping = false
  let failure: string | undefined
  let pauseMs = 0
  let wake = () => {}

  function count({ recorded, repeated, malformed, plans }: Recorded): void {
    counters.add('events.recorded', recorded)
    if (repeated > 0) counters.add('events.repeated', repeated)
    for (const [reason, some] of malformed) {
      counters.add(`events.malformed.${reason}`, some)
      log.warn({ reason, events: some }, 'malformed events set aside')
    }
    for (const { nobody } of plans) if (nobody !== undefined) counters.add(`untold.${nobody}`)
  }

  /** Whether there may be more. */
  async function round(): Promise<boolean> {
    const events = await consumer.take(batch)
    if (events.length > 0) {
      const recorded = await options.record(events)
      counters.add('events.taken', events.length)
      count(recorded)
      options.told(recorded.plans)
      await consumer.finish(events)
    }
    if (failure !== undefined) log.info('events are recorded again')
    failure = undefined
    pauseMs = 0
    return events.length > 0
  }

  async function run(): Promise<void> {
    for (;;) {
      if (stopping) return
      try {
        if (await round()) continue
      } catch (error) {
        counters.add('intake.failures')
        if (failure === undefined) log.error({ err: error }, 'events cannot be recorded, they wait on the queue')
        failure = (error as Error).message
        pauseMs = Math.min(longestPauseMs, pauseMs === 0 ? firstPauseMs : 2 * pauseMs)
      }
      if (stopping) return
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pauseMs === 0 ? pollMs : pauseMs)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  const running = run()
  return {
    get failure() {
      return failure
    },
    async stop() {
      stopping = true
      wake()
      await running
      await consumer.close()
    },
  }
}
