import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import { createRpcClient } from '#lib/rpc'
import type { AgentConfig } from '../config.ts'
import { createSampleQueue } from './queue.ts'
import { openSpoolWhenPossible } from './spool-when-possible.ts'
import { startSender } from './sender.ts'
import type { Sender } from './sender.ts'

/** Go's clients wait 10 s for an answer; an acknowledgement of ours takes less than one. */
const callTimeoutMs = 5000

/** A sender to these transfers with its queue in memory and on disk. `spoolDir` is an absolute path. */
export function startSending(options: {
  config: AgentConfig
  addresses: readonly string[]
  spoolDir: string
  counters: Counters
  log: Logger
  now: () => number
  random: () => number
}): Sender {
  const { config, addresses, spoolDir, counters, log, now, random } = options
  let open = false
  const spool = openSpoolWhenPossible({
    now,
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
  const connectTimeoutMs = config.transfer.timeout
  return startSender({
    client: createRpcClient({ addresses, connectTimeoutMs, callTimeoutMs, log, random }),
    addressCount: addresses.length,
    queue: createSampleQueue({ spool, counters, log, now }),
    counters,
    log,
    now,
    random,
  })
}
