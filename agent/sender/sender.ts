import { performance } from 'node:perf_hooks'
import type { ReceivedItem } from '#protocol'
import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import { RpcError } from '#lib/rpc'
import type { RpcClient } from '#lib/rpc'
import type { HeldBatch, QueueStats, SampleQueue } from './queue.ts'

/** How long samples may be in memory only while transfer does not acknowledge them. */
const spillAfterMs = 5000
const firstPauseMs = 500
/** The client itself makes longer pauses between attempts to connect. */
const longestPauseMs = 5000
/** How long a batch may be refused for reasons that are not about its content before it is taken apart. */
const patienceMs = 600_000
/** How long a script that pushes waits for transfer before its samples go to disk. */
const safeWithinMs = 1000
/** How long a stop goes on sending before it leaves the rest in the spool. */
const lastWordsMs = 3000

export interface SendState extends QueueStats {
  /** Milliseconds the last acknowledged call took. */
  readonly latencyMs: number | undefined
  /** Unix milliseconds of the last acknowledgement. */
  readonly lastDeliveryMs: number | undefined
  /** Why the last attempt failed; undefined while all is well. */
  readonly trouble: string | undefined
  readonly peer: string | undefined
}

export interface Sender {
  /** Holds the samples until transfer acknowledges them. */
  add(items: readonly ReceivedItem[]): void
  /**
   * The same, for whoever waits for an answer: resolves to true once transfer has the samples or the disk does, so that
   * they outlive this process; to false when neither took them within a second (they stay in memory).
   */
  keep(items: readonly ReceivedItem[]): Promise<boolean>
  state(): SendState
  /** What is in memory goes to disk at once; it is sent from there. */
  spill(): void
  /** Sends what is held for a moment more; what then is left waits in the spool. */
  stop(): Promise<void>
}

/**
 * Sends what the queue holds, in order, one `Transfer.Update` at a time, and counts each sample once when its batch is
 * settled: `delivered`, or `rejected` where transfer answers that it was invalid.
 */
export function startSender(options: {
  client: RpcClient
  /** How many addresses the client can turn to: that many failures in a row are no reason to pause yet. */
  addressCount: () => number
  queue: SampleQueue
  counters: Counters
  log: Logger
  now: () => number
  random: () => number
}): Sender {
  const { client, queue, counters, log, now, random } = options
  const stopping = new AbortController()
  let wake: (() => void) | undefined
  let failures = 0
  // On a clock that never jumps: an hour that was set is no patience lost.
  let refusedAt: number | undefined
  let latencyMs: number | undefined
  let lastDeliveryMs: number | undefined
  let trouble: string | undefined
  let troubleKind: string | undefined

  /** What became of items that the peer has answered for. Throws when it did not answer, or not about their content. */
  async function deliver(
    items: readonly ReceivedItem[],
    tally: { delivered: number; rejected: number },
  ): Promise<void> {
    try {
      const startedAt = performance.now()
      const invalid = Math.min(invalidIn(await client.call('Transfer.Update', items)), items.length)
      latencyMs = Math.round(performance.now() - startedAt)
      tally.rejected += invalid
      tally.delivered += items.length - invalid
      if (invalid > 0) log.warn({ invalid, of: items.length, first: nameOf(items[0]) }, 'transfer rejected samples')
    } catch (error) {
      if (!isAboutContent(error, refusedAt === undefined ? 0 : performance.now() - refusedAt)) throw error
      const [only] = items
      if (items.length === 1 && only) {
        tally.rejected++
        log.warn({ item: nameOf(only), reason: (error as Error).message }, 'transfer cannot read this sample')
        return
      }
      const middle = items.length >> 1
      await deliver(items.slice(0, middle), tally)
      await deliver(items.slice(middle), tally)
    }
  }

  async function attempt(batch: HeldBatch): Promise<boolean> {
    const tally = { delivered: 0, rejected: 0 }
    try {
      await deliver(batch.items, tally)
    } catch (error) {
      failures++
      if (error instanceof RpcError && error.kind === 'answer') refusedAt ??= performance.now()
      const kind = error instanceof RpcError ? error.kind : 'unexpected'
      trouble = (error as Error).message
      if (kind !== troubleKind)
        log.warn({ reason: trouble, ...queue.stats() }, 'transfer does not take samples, they are kept')
      troubleKind = kind
      return false
    }
    if (queue.settle(batch)) {
      counters.add('delivered', tally.delivered)
      counters.add('rejected', tally.rejected)
    }
    if (trouble !== undefined) log.info({ peer: client.peer, ...queue.stats() }, 'transfer takes samples again')
    failures = 0
    refusedAt = undefined
    trouble = undefined
    troubleKind = undefined
    lastDeliveryMs = now()
    return true
  }

  /** Grows with the failures in a row, and differs from agent to agent so that a fleet does not come back at once. */
  function pauseMs(): number {
    const inARow = failures - options.addressCount()
    if (inARow < 0) return 0
    return Math.min(longestPauseMs, firstPauseMs * 2 ** inARow) * (0.5 + random() / 2)
  }

  function sleep(ms: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const batch = queue.head()
      if (!batch) await sleep(undefined)
      else if (!(await attempt(batch))) {
        const pause = pauseMs()
        if (pause > 0 && !stopping.signal.aborted) await sleep(pause)
      }
    }
  }

  const running = run()
  const spilling = setInterval(() => queue.spill(spillAfterMs), 1000)

  async function lastWords(): Promise<void> {
    await running
    if (failures > 0) return
    for (let batch = queue.head(); batch; batch = queue.head()) if (!(await attempt(batch))) return
  }

  function add(items: readonly ReceivedItem[]): Promise<boolean> {
    const safe = queue.add(items)
    if (failures === 0) wake?.()
    return safe
  }

  return {
    add: (items) => void add(items),
    async keep(items) {
      const safe = add(items)
      // Transfer is known to be away: waiting for it would only hold the script up.
      if (failures > 0) queue.spill(0)
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<'late'>((resolve) => {
        timer = setTimeout(resolve, safeWithinMs, 'late')
      })
      const first = await Promise.race([safe, late])
      clearTimeout(timer)
      if (first !== 'late') return first
      queue.spill(0)
      // What is safe by now says so before the next turn.
      return Promise.race([safe, new Promise<boolean>((resolve) => setImmediate(resolve, false))])
    },
    spill: () => queue.spill(0),
    state: () => ({ ...queue.stats(), latencyMs, lastDeliveryMs, trouble, peer: client.peer }),
    async stop() {
      stopping.abort()
      clearInterval(spilling)
      wake?.()
      let deadline: NodeJS.Timeout | undefined
      const over = new Promise<void>((resolve) => {
        deadline = setTimeout(resolve, lastWordsMs)
      })
      await Promise.race([lastWords(), over])
      clearTimeout(deadline)
      // Closing fails a call that is still out; its samples are in the queue and go to disk.
      await client.close()
      await running
      queue.close()
    },
  }
}

/**
 * Whether a call failed because of the items in it, so that repeating it is of no use. Go's decoder and ours begin such
 * answers with `json:`. Any other answer is about the peer's state, until it has been the same for too long.
 */
function isAboutContent(error: unknown, refusedForMs: number): boolean {
  if (!(error instanceof RpcError) || error.kind !== 'answer') return false
  return error.message.includes('json:') || refusedForMs > patienceMs
}

/** `Invalid` of transfer's answer. Falcon: an answer without error is a success whatever is in it. */
function invalidIn(answer: unknown): number {
  if (typeof answer !== 'object' || answer === null) return 0
  const invalid = (answer as { Invalid?: unknown }).Invalid
  return typeof invalid === 'number' && invalid > 0 ? Math.floor(invalid) : 0
}

function nameOf(item: ReceivedItem | undefined): string {
  return item ? `${item.endpoint}/${item.metric}` : ''
}
