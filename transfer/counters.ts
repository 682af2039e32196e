import type { Counters } from '#lib/counters'
import type { Destinations, SectionName } from './destinations.ts'
import type { SeriesCache } from './series-cache.ts'

/** Counts that exist from the start, so that monitors find them at zero. */
const counts = [
  'RecvCnt',
  'RpcRecvCnt',
  'HttpRecvCnt',
  'SocketRecvCnt',
  'RejectedCnt',
  'MalformedCallCnt',
  'AcknowledgedCnt',
  'ReturnedCnt',
  'SocketLostCnt',
]

/** Shows what the destinations did under the names Open-Falcon gives it. */
export function showDestinations(counters: Counters, destinations: Destinations, routes: SeriesCache): void {
  for (const name of counts) counters.add(name, 0)
  const sections: [SectionName, string][] = [
    ['judge', 'Judge'],
    ['graph', 'Graph'],
    ['tsdb', 'Tsdb'],
    ['transfer', 'Transfer'],
    ['influxdb', 'Influxdb'],
    ['p8s_relay', 'P8sRelay'],
  ]
  for (const [ring, name] of sections) {
    // A sink that is not there is not shown.
    if (ring !== 'judge' && ring !== 'graph' && !destinations.list.some((placed) => placed.ring === ring)) continue
    const sum = (read: (stats: ReturnType<Destinations['stats']>[number]) => number) => () =>
      destinations
        .stats()
        .filter((stats) => stats.ring === ring)
        .reduce((total, stats) => total + read(stats), 0)
    counters.counted(
      `SendTo${name}Cnt`,
      sum(({ delivered }) => delivered),
    )
    counters.counted(
      `SendTo${name}DropCnt`,
      sum(({ dropped }) => dropped.size + dropped.age + dropped.corrupt),
    )
    counters.counted(
      `SendTo${name}FailCnt`,
      sum(({ refused, returned }) => refused + returned),
    )
    counters.gauge(
      `${name}SendCacheCnt`,
      sum(({ queued, inFlight, spooled }) => queued + inFlight + spooled.items),
    )
  }
  counters.gauge('SeriesCnt', () => routes.size)
  // Under the name that every module has: what it holds because the next one has not taken it.
  counters.gauge('Waiting', () =>
    destinations.stats().reduce((total, { queued, inFlight, spooled }) => total + queued + inFlight + spooled.items, 0),
  )
}
