import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import type { SendOutcome } from '../senders/sender.ts'
import type { Attempt, MessageRow, MessageStore } from './message-store.ts'
import type { ReceiverPace } from './receiver-pace.ts'

/** Hands over one message. What follows from it, if anything, is written together with its outcome. */
export type HandOver = (message: MessageRow, signal: AbortSignal) => Promise<SendOutcome & Pick<Attempt, 'follows'>>

export interface ChannelWorkerOptions {
  readonly channel: string
  readonly handOver: HandOver
  readonly store: MessageStore
  /** Messages under way at once. */
  readonly workers: number
  /** For one attempt. */
  readonly timeoutMs: number
  readonly pace?: ReceiverPace | undefined
  readonly retry: {
    readonly tries: number
    readonly firstPauseMs: number
    readonly longestPauseMs: number
    readonly pollMs: number
  }
  readonly counters: Counters
  readonly log: Logger
  readonly now: () => number
}

export interface ChannelWorker {
  /** There is a new message. */
  wake(): void
  /** Takes no more; settles when those under way are settled, or were broken off because they took too long. */
  stop(): Promise<void>
}

/** Beyond the attempt's own time, for writing its outcome; then another process may take the message. */
const settleMs = 5000

/** What a stop grants those under way. One that is broken off counts as never tried: it is tried again after the next start. */
const graceMs = 5000

const gatherMs = 4

/** How long an outcome that cannot be written waits for the next try to write it. */
const writeAgainMs = 500

/** Hands over the messages of one channel, as many at once as it has workers. It waits for no other channel. */
export function startChannelWorker(options: ChannelWorkerOptions): ChannelWorker {
  const { channel, handOver, store, workers, timeoutMs, pace, retry, counters, log, now } = options
  const underWay = new Map<string, Promise<void>>()
  const stopping = new AbortController()
  const brokenOff = new AbortController()
  let failing = false
  let woken = false
  let wake = () => {}
  let soon: NodeJS.Timeout | undefined
  counters.gauge(`delivery.${channel}.underWay`, () => underWay.size)

  async function settle(attempt: Attempt): Promise<void> {
    for (;;) {
      try {
        await store.settle(attempt)
        counters.add(`delivery.${channel}.${attempt.settled.state === 'due' ? 'retried' : attempt.settled.state}`)
        return
      } catch (error) {
        // The provider has it: as long as this process lives, nothing is gained by forgetting that.
        counters.add('ledger.failures')
        log.error({ err: error, channel, message: attempt.message.id }, 'outcome of a message cannot be written')
        if (stopping.signal.aborted) return
        await pause(writeAgainMs)
      }
    }
  }

  async function deliver(message: MessageRow): Promise<void> {
    const wait = waitOf(message)
    if (wait > 0) {
      counters.add(`delivery.${channel}.postponed`)
      return store.postpone(message, now() + wait)
    }
    const started = now()
    const outcome = await handOver(message, AbortSignal.any([AbortSignal.timeout(timeoutMs), brokenOff.signal]))
    if (brokenOff.signal.aborted && outcome.outcome !== 'sent') return
    await settle({
      message,
      started,
      finished: now(),
      settled: settledBy(outcome, message),
      ...(outcome.follows ? { follows: outcome.follows } : {}),
    })
  }

  function waitOf(message: MessageRow): number {
    if (!pace) return 0
    const receivers = JSON.parse(message.receivers) as string[]
    return Math.max(0, ...(receivers.length === 0 ? [''] : receivers).map((one) => pace.waitOf(one)))
  }

  function settledBy({ outcome, detail }: SendOutcome, message: MessageRow): Attempt['settled'] {
    if (outcome === 'sent') return { state: 'sent', detail }
    const tries = message.tries + 1
    if (outcome === 'retry' && tries < retry.tries) {
      if (tries === 1) log.warn({ channel, message: message.id, reason: detail }, 'message failed, it is tried again')
      // Half of the pause is random, so that what failed together does not come back together.
      const pauseMs = Math.min(retry.longestPauseMs, retry.firstPauseMs * 2 ** (tries - 1)) * (0.5 + Math.random() / 2)
      return { state: 'due', detail, pauseMs: Math.round(pauseMs) }
    }
    log.error({ channel, message: message.id, tries, reason: detail }, 'message is dead')
    return { state: 'dead', detail }
  }

  /** Whether there may be more to do at once. */
  async function round(): Promise<boolean> {
    const room = workers - underWay.size
    if (room <= 0) return false
    try {
      const messages = await store.claim(channel, room, timeoutMs + settleMs)
      failing = false
      for (const message of messages) {
        // A claim may have run out while we are still at it.
        if (underWay.has(message.id)) continue
        const work = deliver(message)
          .catch((error: unknown) => log.error({ err: error, channel, message: message.id }, 'delivery failed'))
          .finally(() => {
            underWay.delete(message.id)
            wakeSoon()
          })
        underWay.set(message.id, work)
      }
      return messages.length === room && underWay.size < workers
    } catch (error) {
      if (!failing) log.error({ err: error, channel }, 'messages cannot be read')
      failing = true
      counters.add('ledger.failures')
      return false
    }
  }

  /** What ends at about the same time makes room for one look at the table, not for many. */
  function wakeSoon(): void {
    soon ??= setTimeout(() => {
      soon = undefined
      wake()
    }, gatherMs)
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      stopping.signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
    })
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      woken = false
      const more = await round()
      if (more || woken) continue
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, retry.pollMs)
        wake = () => {
          woken = true
          clearTimeout(timer)
          resolve()
        }
        if (stopping.signal.aborted) wake()
      })
      wake = () => (woken = true)
    }
  }

  const running = run()
  return {
    wake: () => {
      woken = true
      wake()
    },
    async stop() {
      stopping.abort()
      wake()
      await running
      const late = setTimeout(() => brokenOff.abort(), graceMs)
      await Promise.all(underWay.values())
      clearTimeout(late)
    },
  }
}
