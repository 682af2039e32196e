import { performance } from 'node:perf_hooks'
import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import type { AgentConfig } from '../config.ts'
import { createMovableClient } from '../movable-client.ts'
import type { ClientTarget } from '../movable-client.ts'
import { createSampleQueue } from './queue.ts'
import { openSpoolWhenPossible } from './spool-when-possible.ts'
import { startSender } from './sender.ts'
import type { Sender } from './sender.ts'

/** Go's clients wait 10 s for an answer; an acknowledgement of ours takes less than one. */
const callTimeoutMs = 5000

export interface Sending extends Sender {
  readonly addresses: readonly string[]
  /** Goes on with other transfers; what is held is sent there. */
  move(target: ClientTarget): void
}

/** A sender to these transfers with its queue in memory and on disk. `spoolDir` is an absolute path. */
export function startSending(options: {
  config: AgentConfig
  addresses: readonly string[]
  spoolDir: string
  counters: Counters
  log: Logger
  now: () => number
  random: () => number
}): Sending {
  const { config, spoolDir, counters, log, now, random } = options
  let open = false
  const spool = openSpoolWhenPossible({
    now,
    steadyNow: () => performance.now(),
    dir: spoolDir,
    maxBytes: config.spool.maxBytes,
    maxAgeSeconds: config.spool.maxAgeSeconds,
    log,
    onOpen(items) {
      open = true
      counters.add('inherited', items)
    },
    onDrop(items, reason) {
      // What is found damaged while opening was handed down all the same.
      if (!open) counters.add('inherited', items)
      counters.add(`dropped.${reason}`, items)
      log.warn({ items, reason }, 'samples dropped from the spool')
    },
  })
  let target: ClientTarget = { addresses: options.addresses, connectTimeoutMs: config.transfer.timeout }
  const client = createMovableClient(target, { callTimeoutMs, log, random })
  const sender = startSender({
    client,
    addressCount: () => target.addresses.length,
    queue: createSampleQueue({ spool, counters, log, now }),
    counters,
    log,
    now,
    random,
  })
  return {
    ...sender,
    get addresses() {
      return target.addresses
    },
    move(fresh) {
      target = fresh
      client.move(fresh)
    },
  }
}
