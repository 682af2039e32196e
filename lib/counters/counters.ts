/** One row of `/counter/all`, as Open-Falcon's scripts and self-monitors read it. */
export interface CounterRow {
  readonly Name: string
  readonly Cnt: number
  /** Local time of the reading, `YYYY-MM-DD HH:MM:SS`. */
  readonly Time: string
  /** Per second, over the time since the rates were last taken; only on rows that count events. */
  readonly Qps?: number
}

/**
 * The numbers a module shows. Two kinds: counts, which only grow, and gauges, which are read when asked for.
 * Every item that enters a module must leave it in exactly one count.
 */
export interface Counters {
  /** Adds to a count; `by` defaults to 1. */
  add(name: string, by?: number): void
  /** Shows what `read` gives whenever the counters are read. */
  gauge(name: string, read: () => number): void
  /** The same for a count that is kept elsewhere: where counting by name would take too long. It never goes down. */
  counted(name: string, read: () => number): void
  get(name: string): number
  /** All counts and gauges, by name. */
  values(): Record<string, number>
  /** All of them with their kind. One reading at one moment, as `values`. */
  list(): { readonly name: string; readonly value: number; readonly kind: 'count' | 'gauge' }[]
  /** All of them in the shape of `/counter/all`, sorted by name. */
  rows(): CounterRow[]
}

/** `now` is in milliseconds. Rates are computed over windows of at least one second. */
export function createCounters(now: () => number = Date.now): Counters {
  const counts = new Map<string, number>()
  const gauges = new Map<string, () => number>()
  const countedElsewhere = new Map<string, () => number>()
  let windowStart = now()
  let atWindowStart = new Map<string, number>()
  let rates = new Map<string, number>()

  const allCounts = () => new Map([...counts, ...readAll(countedElsewhere)])

  function refreshRates(current: Map<string, number>): void {
    const elapsedSeconds = (now() - windowStart) / 1000
    if (elapsedSeconds < 1) return
    rates = new Map(
      [...current].map(([name, count]) => [name, (count - (atWindowStart.get(name) ?? 0)) / elapsedSeconds]),
    )
    atWindowStart = current
    windowStart = now()
  }

  const counters: Counters = {
    add(name, by = 1) {
      counts.set(name, (counts.get(name) ?? 0) + by)
    },
    gauge(name, read) {
      gauges.set(name, read)
    },
    counted(name, read) {
      countedElsewhere.set(name, read)
    },
    get: (name) => counts.get(name) ?? (countedElsewhere.get(name) ?? gauges.get(name))?.() ?? 0,
    values: () => Object.fromEntries([...allCounts(), ...readAll(gauges)]),
    list: () => [
      ...[...allCounts()].map(([name, value]) => ({ name, value, kind: 'count' as const })),
      ...readAll(gauges).map(([name, value]) => ({ name, value, kind: 'gauge' as const })),
    ],
    rows() {
      const current = allCounts()
      refreshRates(current)
      const time = localTime(new Date(now()))
      const counted = [...current].map(([Name, Cnt]) => ({
        Name,
        Cnt,
        Time: time,
        Qps: Math.round(rates.get(Name) ?? 0),
      }))
      const read = readAll(gauges).map(([Name, Cnt]) => ({ Name, Cnt, Time: time }))
      return [...counted, ...read].toSorted((a, b) => (a.Name < b.Name ? -1 : 1))
    },
  }
  return counters
}

function readAll(sources: ReadonlyMap<string, () => number>): [string, number][] {
  return [...sources].map(([name, read]) => [name, read()])
}

function localTime(date: Date): string {
  const two = (n: number) => String(n).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}
