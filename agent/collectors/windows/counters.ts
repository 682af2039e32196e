import type { Logger } from '#lib/log'
import { windowsError } from '../../host/windows/calls.ts'
import type { WindowsHost } from '../../host/windows/host.ts'
import type { CounterQuery } from '../../host/windows/win32.ts'
import { gauge, hostTags } from '../collector.ts'
import type { CollectedSample, Collector } from '../collector.ts'
import { iisCounters } from './iis-counters.ts'
import { countersOfInstances, sqlServerHostCounters } from './sql-server-counters.ts'

export interface CounterChoice {
  readonly iis: boolean
  readonly sqlServer: boolean
  readonly counters: readonly { readonly counter: string; readonly metric: string }[]
}

interface Wanted {
  readonly counter: string
  readonly metric: string
  /** Of SQL Server, when it has a name. */
  readonly instance?: string
}

/** No program provides such counters on this host. */
const noObject = 0xc0000bb8
/** All that is read has nothing to give now. */
const noData = 0x800007d5
/** What is not there is looked for again after so long: somebody may have installed or started it. */
const lookAgainMs = 10 * 60_000

/**
 * Performance counters: those of IIS, of each instance of SQL Server, and those that the configuration names. All are
 * read together, once a collection, so that a rate is that of the time since the collection before.
 */
export function createCountersCollector(
  host: Pick<WindowsHost, 'counterQuery' | 'sqlServerInstances' | 'now'>,
  choice: CounterChoice,
  log: Logger,
): Collector {
  const found = new Map<string, { wanted: Wanted; counter: bigint }>()
  const told = new Set<string>()
  let query: CounterQuery | undefined
  let missing = 0
  let lookedAt = -Infinity

  async function wantedNow(): Promise<Wanted[]> {
    const sqlServer = choice.sqlServer ? countersOfInstances(await host.sqlServerInstances()) : []
    return [
      ...(choice.iis ? iisCounters : []),
      ...(choice.sqlServer ? sqlServerHostCounters : []),
      ...sqlServer,
      ...choice.counters,
    ]
  }

  /** A counter that cannot be had costs nothing but itself. */
  async function look(query: CounterQuery): Promise<void> {
    missing = 0
    const fresh = new Map<number, string[]>()
    for (const wanted of await wantedNow()) {
      if (found.has(seriesOf(wanted))) continue
      const { status, counter } = await query.add(wanted.counter)
      if (status === 0) found.set(seriesOf(wanted), { wanted, counter })
      else if (status !== noObject) {
        missing++
        if (!told.has(wanted.counter)) fresh.set(status, [...(fresh.get(status) ?? []), wanted.counter])
        told.add(wanted.counter)
      }
    }
    for (const [status, counters] of fresh) {
      const err = windowsError('read performance counters', status)
      log.info({ collector: 'counters', counters, err }, 'performance counters left out')
    }
    lookedAt = host.now()
  }

  return {
    name: 'counters',
    async collect() {
      if (!choice.iis && !choice.sqlServer && choice.counters.length === 0) return []
      query ??= await host.counterQuery()
      if (host.now() - lookedAt >= lookAgainMs) await look(query)
      const trouble = gauge('agent.counters.missing', missing)
      if (found.size === 0) return [trouble]
      const status = await query.collect()
      if (status === noData) return [trouble]
      if (status !== 0) throw windowsError('read the performance counters', status)
      return [...values(query, [...found.values()]), trouble]
    },
  }
}

/** Left out is what has no value yet, as every rate at first, or none now, as a program that does not run. */
function values(query: CounterQuery, found: readonly { wanted: Wanted; counter: bigint }[]): CollectedSample[] {
  return found.flatMap(({ wanted, counter }) => {
    const { status, value } = query.value(counter)
    return status === 0 ? [gauge(wanted.metric, value, tagsOf(wanted))] : []
  })
}

function tagsOf({ instance }: Wanted): string {
  return instance === undefined ? '' : hostTags({ instance })
}

function seriesOf(wanted: Wanted): string {
  return `${wanted.metric}/${tagsOf(wanted)}`
}
