import type { LinkAck } from '#lib/link'
import { createBacklog } from './backlog.ts'
import { createBatches } from './batch.ts'
import type { LiveBatch } from './batch.ts'
import type { Destination, DestinationOptions } from './destination.ts'
import { createLedger } from './ledger.ts'
import { createReplayer } from './replayer.ts'

const defaultBatchSize = 8192
const defaultRetryMs = 1000
const defaultLiveFirstReplay = 200_000
/** Spooled records are joined into sendings of up to this many batches' samples: one answer then frees many of them. */
const batchesPerReplay = 4

/**
 * Starts sending to one peer, and resumes what its spool holds. Counts under its name `.given` (added) and `.inherited` (in
 * the spool at the start, with what was damaged there); gauges `.queued`, `.inFlight`,
 * `.connected` (0 or 1), `.spool.items`, `.spool.bytes`, `.spool.oldestSeconds`; counts as `createLedger` says.
 */
export function createDestination(options: DestinationOptions): Destination {
  const { name, client, spool, order, ackWithinMs, maxInFlight, counters, log } = options
  const batchSize = options.batchSize ?? defaultBatchSize
  const retryMs = options.retryMs ?? defaultRetryMs
  const strict = order === 'strict'
  const maxSendings = strict ? 1 : (options.maxSendings ?? Infinity)
  const replayPerSecond = options.replayPerSecond ?? (strict ? Infinity : defaultLiveFirstReplay)
  const ledger = createLedger(name, counters)
  const backlog = createBacklog(spool, options.series, ledger, log)
  const openBatch = createBatches(batchSize, ackWithinMs, onDeadline)
  const replayer = createReplayer({
    client,
    backlog,
    maxSamples: batchSize * batchesPerReplay,
    perSecond: replayPerSecond,
    retryMs,
    log,
    onTurn: pump,
    onError: (error) => (lastError = messageOf(error)),
    onDelivered: () => (lastError = undefined),
  })

  const { size, age, corrupt } = ledger.totals().dropped
  const inherited = spool.stats().items + size + age + corrupt
  let given = 0
  let collecting: LiveBatch | undefined
  /** Closed batches in memory, oldest first. */
  const live = new Set<LiveBatch>()
  /** Samples of the closed batches by state. */
  const samples: Record<LiveBatch['state'], number> = { open: 0, ready: 0, sent: 0, spooled: 0, done: 0 }
  /** Samples sent live and not answered, also those on disk by now: the connection may still hold them. */
  let unanswered = 0
  /** Live batches among them. */
  let sendings = 0
  let closing = false
  let closed = false
  let diskRefuses = false
  let diskError: string | undefined
  let lastError: string | undefined
  let onIdle: (() => void) | undefined

  const queued = () => (collecting?.columns.count ?? 0) + samples.ready
  const isBusy = () => unanswered > 0 || replayer.current !== undefined
  /** One batch is always allowed, however large. */
  const isFull = () => (strict ? isBusy() : unanswered > 0) && unanswered + queued() > maxInFlight

  function move(batch: LiveBatch, to: LiveBatch['state']): void {
    const { count } = batch.columns
    if (batch.state !== 'open') samples[batch.state] -= count
    samples[to] += count
    batch.state = to
    if (to === 'ready') live.add(batch)
    if (to === 'spooled' || to === 'done') live.delete(batch)
  }

  function closeCollecting(): LiveBatch | undefined {
    const batch = collecting
    collecting = undefined
    if (!batch) return undefined
    batch.close()
    move(batch, 'ready')
    return batch
  }

  /** Brings what was added on its way. */
  function dispatch(): void {
    if (!strict) {
      if (!client.connected || isFull()) storeReady(closeCollecting())
      else sendReady()
      return
    }
    // While the spool holds what the peer has not been sent, newer samples must not pass it.
    if (!client.connected || isFull() || backlog.hasMoreThan(replayer.current)) storeUpTo(closeCollecting())
    else pump()
  }

  /** Sends as many as may be under way; the rest collects until an answer comes. */
  function sendReady(): void {
    while (sendings < maxSendings) {
      const batch = oldestReady() ?? closeCollecting()
      if (!batch) return
      send(batch)
    }
    if (collecting?.columns.count === batchSize) closeCollecting()
  }

  function oldestReady(): LiveBatch | undefined {
    if (samples.ready === 0) return undefined
    for (const batch of live) if (batch.state === 'ready') return batch
    return undefined
  }

  function send(batch: LiveBatch): void {
    const { columns } = batch
    move(batch, 'sent')
    sendings++
    unanswered += columns.count
    client.send(columns).then(
      (ack) => answered(batch, ack),
      (error: unknown) => failed(batch, error),
    )
  }

  function answered(batch: LiveBatch, ack: LinkAck): void {
    sendings--
    unanswered -= batch.columns.count
    if (closed) return
    lastError = undefined
    diskError = undefined
    if (batch.state === 'sent') {
      move(batch, 'done')
      ledger.answered(ack)
      batch.settle()
    } else {
      replayer.usingSpool(() => backlog.answeredLate(batch.sequence, ack))
    }
    pump()
  }

  function failed(batch: LiveBatch, error: unknown): void {
    sendings--
    unanswered -= batch.columns.count
    if (closed) return
    lastError = messageOf(error)
    if (batch.state === 'sent') {
      move(batch, 'ready')
      store(batch)
    } else {
      backlog.failedLate(batch.sequence)
    }
    replayer.pause()
    pump()
  }

  /** Puts a batch on disk. Where the disk refuses, one that the peer may still answer waits for that, any other is given back. */
  function store(batch: LiveBatch): boolean {
    try {
      batch.sequence = backlog.store(batch.columns, batch.state === 'sent')
    } catch (error) {
      if (!diskRefuses) log.error({ err: error }, 'batches cannot be spooled')
      diskRefuses = true
      diskError = messageOf(error)
      lastError = diskError
      if (batch.state !== 'sent') giveBack(batch, error)
      return false
    }
    if (diskRefuses) log.info('batches can be spooled again')
    diskRefuses = false
    diskError = undefined
    move(batch, 'spooled')
    batch.settle()
    return true
  }

  function giveBack(batch: LiveBatch, error: unknown): void {
    move(batch, 'done')
    ledger.returned(batch.columns.count)
    batch.giveBack(error instanceof Error ? error : new Error(String(error)))
  }

  /** Puts all batches on disk up to this one, oldest first, so that their order is kept. */
  function storeUpTo(last: LiveBatch | undefined): void {
    let passed = false
    for (const batch of live) {
      // Behind one that is neither on disk nor certain to be taken, nothing may go to disk.
      if (passed) giveBack(batch, new Error(lastError))
      else passed = !store(batch) && batch.state === 'sent'
      if (batch === last) return
    }
  }

  /** Puts on disk what waits to be sent. */
  function storeReady(last: LiveBatch | undefined): void {
    if (samples.ready === (last?.columns.count ?? 0)) {
      if (last) store(last)
      return
    }
    for (const batch of live) if (batch.state === 'ready') store(batch)
  }

  function onDeadline(batch: LiveBatch): void {
    if (batch === collecting) closeCollecting()
    if (strict) storeUpTo(batch)
    else store(batch)
  }

  /** Sends what may be sent now. */
  function pump(): void {
    if (!isBusy()) onIdle?.()
    if (closing || !client.connected || (strict && isBusy())) return
    replayer.run()
    // Without a limit, what is being collected goes with the rest of its turn.
    if (!strict && sendings < maxSendings && maxSendings < Infinity) sendReady()
    if (!strict || isBusy() || backlog.hasMoreThan(undefined)) return
    const [oldest = closeCollecting()] = live
    if (oldest) send(oldest)
  }

  function openToAdd(): LiveBatch {
    if (closing) throw new Error(`Cannot add a sample to ${name}: it is closed`)
    return (collecting ??= openBatch())
  }

  function dispatchFull(): void {
    if (strict) closeCollecting()
    dispatch()
  }

  counters.add(`${name}.inherited`, inherited)
  counters.counted(`${name}.given`, () => given)
  counters.gauge(`${name}.connected`, () => Number(client.connected))
  counters.gauge(`${name}.queued`, queued)
  counters.gauge(`${name}.inFlight`, () => samples.sent)
  counters.gauge(`${name}.spool.items`, () => spool.stats().items)
  counters.gauge(`${name}.spool.bytes`, () => spool.stats().bytes)
  counters.gauge(`${name}.spool.oldestSeconds`, () => spool.stats().oldestSeconds)
  client.onConnect(pump)
  pump()

  return {
    add(series, timestamp, value) {
      if (timestamp >>> 0 !== timestamp)
        throw new RangeError(
          `Cannot add a sample of ${series.endpoint}/${series.metric}: its timestamp is ${timestamp}`,
        )
      const batch = openToAdd()
      batch.add(series, timestamp, value)
      given++
      if (batch.columns.count === batchSize) dispatchFull()
      return batch
    },
    addPicked(from, picked, count, into) {
      for (let done = 0; done < count;) {
        const batch = openToAdd()
        const end = Math.min(count, done + batchSize - batch.columns.count)
        batch.addPicked(from, picked, done, end)
        given += end - done
        done = end
        into(batch)
        if (batch.columns.count === batchSize) dispatchFull()
      }
    },
    flush() {
      if (collecting) dispatch()
    },
    stats() {
      const { items, bytes, oldestSeconds } = spool.stats()
      return {
        connected: client.connected,
        queued: queued(),
        inFlight: samples.sent,
        spooled: { items, bytes, oldestSeconds },
        given,
        inherited,
        ...ledger.totals(),
        lastError: client.connected ? lastError : (client.lastError ?? lastError),
        lastRefusal: client.lastRefusal,
        diskError,
      }
    },
    async close() {
      if (closing) return
      closing = true
      replayer.stop()
      const last = closeCollecting()
      if (strict) storeUpTo(last)
      else storeReady(last)
      await Promise.allSettled([...live].map((batch) => batch.settled))
      await idleOr(ackWithinMs)
      closed = true
      replayer.abandon()
    },
  }

  /** Answers that come in time spare the next process from sending the same again. */
  async function idleOr(timeoutMs: number): Promise<void> {
    if (!isBusy()) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs)
      onIdle = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
