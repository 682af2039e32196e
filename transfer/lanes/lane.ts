import { performance } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import { join } from 'node:path'
import { createCounters } from '#lib/counters'
import type { Counters } from '#lib/counters'
import { createSeriesTable } from '#lib/link'
import { startLedger } from '#lib/ledger'
import type { AccountSpec } from '#lib/ledger'
import type { Logger } from '#lib/log'
import type { RpcOptions } from '#lib/rpc'
import { transferAccounts } from '../accounts.ts'
import type { TransferConfig } from '../config.ts'
import { showDestinations } from '../counters.ts'
import { openDestinations } from '../destinations.ts'
import { createEndpointCounts } from '../endpoint-counts.ts'
import { createIntake } from '../intake.ts'
import type { Intake } from '../intake.ts'
import { transferMethods } from '../methods/index.ts'
import { mostSeries } from '../most-series.ts'
import { adoptOrphans } from '../orphans.ts'
import { createRejected } from '../rejected.ts'
import type { Rejected } from '../rejected.ts'
import { createRoute } from '../routes.ts'
import { createSeriesCache } from '../series-cache.ts'
import type { SeriesCache } from '../series-cache.ts'
import { createTemplates } from '../templates.ts'
import { createUpdateReader } from '../update-reader.ts'
import { createWatches } from '../watches.ts'
import type { LaneFaces } from './faces.ts'

/** The way of samples from a connection to their destinations: all of transfer but its ports. One process has one. */
export interface Lane {
  readonly intake: Intake
  readonly rejected: Rejected
  readonly counters: Counters
  /** What it needs to serve connections. */
  readonly rpc: RpcOptions<{ intake: Intake }>
  readonly faces: LaneFaces
  /** Settles when all that was taken is acknowledged or on disk. No connection may be served any more. */
  close(): Promise<void>
}

export interface LaneOptions {
  /** Its own share of it: see `laneShare`. */
  readonly config: TransferConfig
  /** Absolute; its own. */
  readonly spoolDir: string
  /** Folders in it that belonged to lanes that are no more; what is in their spools is sent on. */
  readonly abandoned?: readonly string[]
  readonly log: Logger
  /** Milliseconds. */
  readonly now: () => number
}

const busyOverMs = 60_000
/** From here on callers wait for the processor more than for their destinations. */
const busyShare = 0.9

/**
 * Opens the spools and starts the links to judges and graphs.
 * @throws when a spool cannot be opened; what was opened by then is closed again.
 */
export async function openLane({ config: initial, spoolDir, abandoned = [], log, now }: LaneOptions): Promise<Lane> {
  let config = initial
  const counters = createCounters(now)
  const series = createSeriesTable()
  const opened: (() => Promise<void>)[] = []
  /** Last opened, first closed. */
  const close = async () => {
    for (const one of opened.splice(0).toReversed()) await one()
  }

  try {
    let accounts: readonly AccountSpec[] = []
    const ledger = startLedger({
      module: 'transfer',
      dir: join(spoolDir, 'ledger'),
      keepDays: config.ledger.keepDays,
      accounts: () => accounts,
      counters,
      log,
      now,
    })
    // Closed last, when all counts are done.
    opened.push(async () => ledger.stop())
    const destinations = await openDestinations({ config, spoolDir, series, counters, log })
    opened.push(() => destinations.close())
    const orphans = adoptOrphans({ config, spoolDir, abandoned, destinations, series, counters, log })
    opened.push(() => orphans.close())

    accounts = transferAccounts(destinations, orphans)
    const watches = createWatches((endpoint, metric) => {
      for (const route of routes.routesOf(endpoint, metric))
        route.watch = watches.of(endpoint, metric, route.series.tags)
    })
    const most = mostSeries(config.series.max, getHeapStatistics().heap_size_limit)
    const templates = createTemplates()
    const routes = createSeriesCache({
      max: most,
      create: (item) => createRoute(item, { minStep: config.minStep, series, destinations, watches }),
      forgotten({ route, template }) {
        series.forget(route.series)
        if (route.received) series.forget(route.received)
        templates.free(template)
      },
    })
    opened.push(sweepRegularly(routes, config.series.idleSeconds))
    const busy = watchBusy()
    opened.push(() => busy.stop())
    const rejected = createRejected(counters, config.rejected.examples, now)
    const counts = createEndpointCounts()
    const intake = createIntake({ routes, destinations, rejected, counts, counters, now })
    showDestinations(counters, destinations, routes)
    counters.gauge('SeriesMax', () => most)

    const faces: LaneFaces = {
      counts: () => counters.list(),
      destinations: () => destinations.stats(),
      rejected: () => rejected.report(),
      notices: () => [
        ...orphans.list
          .map(({ ring, folder, left }) => ({ ring, folder, items: left() }))
          .filter(({ items }) => items > 0)
          .map(
            ({ ring, folder, items }) =>
              `${items} samples of removed ${ring} spool ${folder} wait for their successors`,
          ),
        ...destinations.stats().flatMap(({ ring, node, address, diskError }) => {
          return diskError === undefined
            ? []
            : [`senders keep their samples: ${ring} ${node} at ${address} is away and ${diskError}`]
        }),
      ],
      busy: () => busy.share(),
      trace: (endpoint, metric, tags) => watches.trace(endpoint, metric, tags),
      filter: (endpoint, metric, tags, operator, threshold) =>
        watches.filter(endpoint, metric, tags, operator, threshold),
      ledger: (since) => ledger.report(since),
      received: (endpoint, sinceSeconds) => counts.of(endpoint, sinceSeconds),
      apply(fresh) {
        // Steps are part of the cached routes.
        const otherSteps = fresh.minStep !== config.minStep
        config = fresh
        log.level = config.debug ? 'debug' : 'info'
        if (otherSteps) routes.clear()
      },
    }
    const rpc = {
      methods: transferMethods,
      context: { intake },
      direct: createUpdateReader(routes, templates, intake),
      log,
      counters,
      maxRequestBytes: config.rpc.maxRequestBytes,
      requestTimeoutMs: config.rpc.requestTimeoutSeconds * 1000,
    }
    return { intake, rejected, counters, rpc, faces, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Forgets silent series, a few thousand a turn. A series is forgotten after one to two halves of `idleSeconds` more. */
function sweepRegularly(routes: SeriesCache, idleSeconds: number): () => Promise<void> {
  let sweeping: NodeJS.Immediate | undefined
  const step = (sweep: Generator<void, void, undefined>) => {
    sweeping = sweep.next().done ? undefined : setImmediate(step, sweep)
  }
  const timer = setInterval(() => {
    if (sweeping === undefined) step(routes.sweep())
  }, idleSeconds * 500)
  timer.unref()
  return async () => {
    clearInterval(timer)
    clearImmediate(sweeping)
  }
}

/** The share of the last whole minute in which the event loop did not wait, when it was so high that more processes would help. */
function watchBusy(): { share(): number | undefined; stop(): Promise<void> } {
  let before = performance.eventLoopUtilization()
  let share = 0
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization()
    share = performance.eventLoopUtilization(now, before).utilization
    before = now
  }, busyOverMs)
  timer.unref()
  return {
    share: () => (share >= busyShare ? share : undefined),
    stop: async () => clearInterval(timer),
  }
}
