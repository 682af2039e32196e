import { randomUUID } from 'node:crypto'
import type { AgentHealth } from '#protocol'
import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import { createMovableClient } from '../movable-client.ts'
import { startSchedule } from '../schedule.ts'
import type { Schedule } from '../schedule.ts'
import { createHeartbeat } from './heartbeat.ts'
import type { AgentReport, Heartbeat } from './heartbeat.ts'
import { loadOrders, saveOrders } from './orders.ts'
import type { Orders } from './orders.ts'
import { learnOwnAddress } from './own-address.ts'
import type { Skew } from './skew.ts'

/** As Go's clients. */
const callTimeoutMs = 10_000

/** Where hbs is and how often it is talked to. */
export interface HeartbeatSettings {
  readonly addresses: readonly string[]
  readonly connectTimeoutMs: number
  readonly intervalMs: number
  readonly phaseMs: number
}

/** For people. */
export interface HeartbeatState {
  readonly addresses: readonly string[]
  /** The hbs that is connected to. */
  readonly peer: string | undefined
  /** Why the last beat was incomplete; undefined when it was not. */
  readonly trouble: string | undefined
  /** Unix milliseconds of the last complete beat. */
  readonly lastMs: number | undefined
  readonly skew: Skew | undefined
  readonly skewLimitSeconds: number
  /** Addresses of other agents that have our name; undefined where hbs does not look for them. */
  readonly duplicates: readonly string[] | undefined
}

export interface RunningHeartbeat {
  orders(): Orders
  state(): HeartbeatState
  /** Goes on with other settings: at once with other addresses, else with the next beat. Orders stay. */
  change(settings: HeartbeatSettings): void
  stop(): Promise<void>
}

/** Talks to hbs at once and then every interval; begins with the orders of the last run, kept in `ordersFile`. */
export function startHeartbeat(
  initial: HeartbeatSettings,
  options: {
    ordersFile: string
    /** `ownAddress` is the one that hbs is reached from, where that is known. */
    report: (ownAddress: string | undefined) => Promise<AgentReport>
    health: () => AgentHealth
    /** How far the clocks may be apart before that is worth a warning. */
    skewLimitSeconds: () => number
    pluginsEnabled: () => boolean
    /** Told after each beat, before the next one begins. */
    onOrders: (orders: Orders) => Promise<void>
    counters: Counters
    log: Logger
    now: () => number
    random: () => number
  },
): RunningHeartbeat {
  const { ordersFile, log, now, random } = options
  const instance = randomUUID()
  let settings = initial
  const client = createMovableClient(initial, { callTimeoutMs, log, random })
  let ownAddress: string | undefined
  let lastMs: number | undefined
  let beating: Promise<void> | undefined
  let stopped = false
  const warn = createWarnings(log)
  const heartbeat = createHeartbeat({
    client,
    report: () => options.report(ownAddress),
    health: options.health,
    instance,
    pluginsEnabled: options.pluginsEnabled,
    orders: loadOrders(ordersFile, log),
    counters: options.counters,
    log,
    now,
  })

  async function beat(): Promise<void> {
    const { addresses, connectTimeoutMs } = settings
    // The network may have changed when hbs was out of reach.
    if (ownAddress === undefined || heartbeat.trouble() !== undefined)
      ownAddress = await learnOwnAddress(addresses, connectTimeoutMs)
    const before = JSON.stringify(heartbeat.orders())
    await heartbeat.beat()
    if (stopped) return
    if (JSON.stringify(heartbeat.orders()) !== before) saveOrders(ordersFile, heartbeat.orders(), log)
    await options.onOrders(heartbeat.orders())
    if (heartbeat.trouble() === undefined) lastMs = now()
    warn(heartbeat, options.skewLimitSeconds())
  }

  function beatUnlessBeating(): void {
    beating ??= beat().finally(() => {
      beating = undefined
    })
  }

  /** A beat under way ends with the hbs it began with. */
  async function reconnect(): Promise<void> {
    await beating
    if (stopped) return
    client.move(settings)
    ownAddress = undefined
    beatUnlessBeating()
  }

  function schedule(): Schedule {
    const { intervalMs, phaseMs } = settings
    return startSchedule({ intervalMs, phaseMs, now, run: beatUnlessBeating })
  }

  beatUnlessBeating()
  let beats = schedule()
  return {
    orders: () => heartbeat.orders(),
    state: () => ({
      addresses: settings.addresses,
      peer: client.peer,
      trouble: heartbeat.trouble(),
      lastMs,
      skew: heartbeat.skew(),
      skewLimitSeconds: options.skewLimitSeconds(),
      duplicates: heartbeat.duplicates(),
    }),
    change(fresh) {
      const before = settings
      settings = fresh
      beats.stop()
      beats = schedule()
      const same = JSON.stringify([before.addresses, before.connectTimeoutMs])
      if (same === JSON.stringify([fresh.addresses, fresh.connectTimeoutMs])) return
      void reconnect()
    },
    stop() {
      stopped = true
      beats.stop()
      return client.close()
    },
  }
}

/** Says once when the clocks are apart, or another agent has our name, and once when that is over. */
function createWarnings(log: Logger): (heartbeat: Heartbeat, skewLimitSeconds: number) => void {
  let skewed = false
  let doubled = false
  return (heartbeat, skewLimitSeconds) => {
    const skew = heartbeat.skew()
    if (skew) {
      const isSkewed = Math.abs(skew.seconds) > skewLimitSeconds
      if (isSkewed && !skewed)
        log.warn({ ...skew, skewLimitSeconds }, 'the clock of this host differs from that of hbs')
      if (!isSkewed && skewed) log.info({ ...skew }, 'the clock of this host agrees with that of hbs again')
      skewed = isSkewed
    }
    const others = heartbeat.duplicates()
    if (others) {
      if (others.length > 0 && !doubled) log.warn({ others }, 'another agent reports to hbs under the name of this one')
      if (others.length === 0 && doubled) log.info('no other agent has the name of this one any more')
      doubled = others.length > 0
    }
  }
}
