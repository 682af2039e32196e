import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import { createRpcClient } from '#lib/rpc'
import { startSchedule } from '../schedule.ts'
import { createHeartbeat } from './heartbeat.ts'
import type { AgentReport } from './heartbeat.ts'
import { loadOrders, saveOrders } from './orders.ts'
import type { Orders } from './orders.ts'
import { learnOwnAddress } from './own-address.ts'

/** As Go's clients. */
const callTimeoutMs = 10_000

export interface RunningHeartbeat {
  orders(): Orders
  /** Why the last beat was incomplete; undefined when it was not. */
  trouble(): string | undefined
  /** Unix milliseconds of the last complete beat. */
  lastMs(): number | undefined
  stop(): Promise<void>
}

/** Talks to hbs at once and then every interval; begins with the orders of the last run, kept in `ordersFile`. */
export function startHeartbeat(options: {
  addresses: readonly string[]
  connectTimeoutMs: number
  intervalMs: number
  phaseMs: number
  ordersFile: string
  /** `ownAddress` is the one that hbs is reached from, where that is known. */
  report: (ownAddress: string | undefined) => Promise<AgentReport>
  pluginsEnabled: () => boolean
  /** Told after each beat, before the next one begins. */
  onOrders: (orders: Orders) => Promise<void>
  counters: Counters
  log: Logger
  now: () => number
  random: () => number
}): RunningHeartbeat {
  const { addresses, connectTimeoutMs, ordersFile, log, now } = options
  const client = createRpcClient({ addresses, connectTimeoutMs, callTimeoutMs, log, random: options.random })
  let ownAddress: string | undefined
  let lastMs: number | undefined
  let beating = false
  let stopped = false
  const heartbeat = createHeartbeat({
    client,
    report: () => options.report(ownAddress),
    pluginsEnabled: options.pluginsEnabled,
    orders: loadOrders(ordersFile, log),
    counters: options.counters,
    log,
  })

  async function beat(): Promise<void> {
    if (beating) return
    beating = true
    try {
      // The network may have changed when hbs was out of reach.
      if (ownAddress === undefined || heartbeat.trouble() !== undefined)
        ownAddress = await learnOwnAddress(addresses, connectTimeoutMs)
      const before = JSON.stringify(heartbeat.orders())
      await heartbeat.beat()
      if (stopped) return
      if (JSON.stringify(heartbeat.orders()) !== before) saveOrders(ordersFile, heartbeat.orders(), log)
      await options.onOrders(heartbeat.orders())
      if (heartbeat.trouble() === undefined) lastMs = now()
    } finally {
      beating = false
    }
  }

  void beat()
  const { intervalMs, phaseMs } = options
  const schedule = startSchedule({ intervalMs, phaseMs, now, run: () => void beat() })
  return {
    orders: () => heartbeat.orders(),
    trouble: () => heartbeat.trouble(),
    lastMs: () => lastMs,
    stop() {
      stopped = true
      schedule.stop()
      return client.close()
    },
  }
}
