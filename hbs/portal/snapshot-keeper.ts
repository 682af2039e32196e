import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import { RpcRefusal } from '#lib/rpc'
import { createSnapshot } from './snapshot.ts'
import type { Snapshot } from './snapshot.ts'
import type { PortalTables } from './tables.ts'

/** What an operator should know of the data that is in service. */
export interface SnapshotStatus {
  /** Unix seconds at which the tables were last read; 0 when never. */
  readonly readAt: number
  /** Seconds since then; -1 when never. */
  readonly ageSeconds: number
  /** Why the last reading failed; empty when it did not. */
  readonly error: string
}

export interface SnapshotKeeper {
  /** What is in service. @throws RpcRefusal with the reason while the tables could not yet be read. */
  current(): Snapshot
  status(): SnapshotStatus
  /** Reads the tables again soon, because something was just written. */
  refreshSoon(): void
  /** What a reading under way still brings is not looked at any more. */
  stop(): void
}

export interface SnapshotKeeperOptions {
  readonly load: () => Promise<PortalTables>
  readonly reloadSeconds: () => number
  readonly counters: Counters
  readonly log: Logger
  /** Milliseconds. */
  readonly now: () => number
  /** How long `refreshSoon` waits for more to be written; default 1000 ms. */
  readonly soonMs?: number
}

const firstRetryMs = 1000
/** Problems that one log line names; `/snapshot` shows all. */
const namedProblems = 20

/**
 * Reads the portal tables now and then every `reloadSeconds`. While they cannot be read, the last ones stay in service;
 * run windows and maintenance go on following the clock. Resolves after the first attempt, whatever became of it.
 */
export async function startSnapshotKeeper(options: SnapshotKeeperOptions): Promise<SnapshotKeeper> {
  const { load, counters, log, now } = options
  let tables: PortalTables | undefined
  let snapshot: Snapshot | undefined
  let readAt = 0
  let error = 'they were not read yet'
  let failures = 0
  let knownProblems = ''
  let timer: NodeJS.Timeout | undefined
  let dueMs = 0
  let running: Promise<void> | undefined
  let stopped = false

  for (const name of ['snapshot.read', 'snapshot.failed']) counters.add(name, 0)
  counters.gauge('snapshot.ageSeconds', () => status().ageSeconds)
  counters.gauge('snapshot.hosts', () => snapshot?.hosts ?? 0)
  counters.gauge('snapshot.hostsWithStrategies', () => snapshot?.hostStrategies.length ?? 0)
  counters.gauge('snapshot.strategies', () => snapshot?.strategies.length ?? 0)
  counters.gauge('snapshot.expressions', () => snapshot?.expressions?.length ?? 0)
  counters.gauge('snapshot.problems', () => snapshot?.problems.length ?? 0)

  function status(): SnapshotStatus {
    return { readAt, ageSeconds: readAt === 0 ? -1 : Math.max(0, Math.floor(now() / 1000) - readAt), error }
  }

  async function refresh(): Promise<void> {
    try {
      tables = await load()
      readAt = Math.floor(now() / 1000)
      counters.add('snapshot.read')
      if (failures > 0) log.info({ failures }, 'portal tables can be read again')
      failures = 0
      error = ''
    } catch (cause) {
      if (stopped) return
      counters.add('snapshot.failed')
      failures++
      const why = (cause as Error).message
      if (why !== error) log.error({ err: cause, ageSeconds: status().ageSeconds }, 'portal tables cannot be read')
      error = why
    }
    if (!tables) return
    snapshot = createSnapshot(tables, new Date(now()))
    tellProblems(snapshot)
  }

  function tellProblems({ problems }: Snapshot): void {
    const text = JSON.stringify(problems)
    if (text === knownProblems) return
    knownProblems = text
    if (problems.length > 0)
      log.warn(
        { count: problems.length, problems: problems.slice(0, namedProblems) },
        'rows of the portal tables need a look',
      )
  }

  function schedule(delayMs: number): void {
    if (stopped) return
    clearTimeout(timer)
    dueMs = now() + delayMs
    timer = setTimeout(() => {
      running = refresh().finally(() => {
        running = undefined
        schedule(pauseMs())
      })
    }, delayMs)
    timer.unref()
  }

  /** Before the first success there is nothing to serve, so it is tried more often. */
  function pauseMs(): number {
    const regular = options.reloadSeconds() * 1000
    return snapshot ? regular : Math.min(regular, firstRetryMs * 2 ** Math.min(failures - 1, 5))
  }

  await refresh()
  schedule(pauseMs())
  return {
    current() {
      if (snapshot) return snapshot
      throw new RpcRefusal(`Cannot answer yet: the portal tables cannot be read: ${error}`)
    },
    status,
    refreshSoon() {
      const soonMs = options.soonMs ?? 1000
      if (!running && dueMs - now() > soonMs) schedule(soonMs)
    },
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
