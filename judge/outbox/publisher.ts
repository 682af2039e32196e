import type { Counters } from '#lib/counters'
import type { EventQueue } from '#lib/event-queue'
import type { Logger } from '#lib/log'
import type { Outbox } from './outbox.ts'

export interface Publisher {
  /** Why the last push failed; undefined while the queue works. */
  readonly failure: string | undefined
  /** Ends after the push under way; what still waits is in the journal. */
  stop(): Promise<void>
}

export interface PublisherOptions {
  readonly outbox: Outbox
  readonly queue: EventQueue
  /** Our name at the queue. */
  readonly producer: string
  /** Called before events leave: when it settles, the disk itself has them, so the queue never knows more than we do. */
  readonly beforePush: () => Promise<void>
  /** Called when events up to this sequence are on the queue. */
  readonly queued: (sequence: number) => void
  readonly counters: Counters
  readonly log: Logger
}

const eventsPerPush = 500
const firstPauseMs = 500
const longestPauseMs = 30_000

/** Moves events from the outbox to the queue in order, for as long as it takes. */
export function startPublisher(options: PublisherOptions): Publisher {
  const { outbox, queue, producer, counters, log } = options
  let stopping = false
  let failure: string | undefined
  let pauseMs = 0
  let wake = () => {}
  outbox.onAdd(() => {
    // While the queue is away new events wait for the next try like the others.
    if (pauseMs === 0) wake()
  })

  async function pushSome(): Promise<void> {
    const events = outbox.oldest(eventsPerPush)
    const last = events.at(-1)
    if (!last) return
    try {
      await options.beforePush()
      await queue.push(producer, events)
      if (failure !== undefined) log.info({ waiting: outbox.waiting }, 'event queue is back')
      failure = undefined
      pauseMs = 0
      outbox.release(last.sequence)
      counters.add('events.queued', events.length)
    } catch (error) {
      if (failure === undefined) log.warn({ err: error, waiting: outbox.waiting }, 'events wait, the queue is away')
      failure = (error as Error).message
      counters.add('queue.failures')
      pauseMs = Math.min(longestPauseMs, pauseMs === 0 ? firstPauseMs : 2 * pauseMs)
      return
    }
    options.queued(last.sequence)
  }

  async function run(): Promise<void> {
    for (;;) {
      await pushSome()
      if (stopping) return
      if (pauseMs === 0 && outbox.waiting > 0) continue
      await new Promise<void>((resolve) => {
        const timer = pauseMs > 0 ? setTimeout(resolve, pauseMs) : undefined
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
    },
  }
}
