import { readdirSync } from 'node:fs'
import { PerformanceObserver, constants, monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { IntervalHistogram } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import type { MetricFamily } from './exposition.ts'

/** Milliseconds between two looks at the event loop; what it was late is what exceeds them. */
const lookEveryMs = 20
/** Readers share a window, so that one who asks often does not leave the others with too little to go by. */
const windowMs = 10_000

/**
 * What this process costs, under the names that Prometheus' own clients use. `eventLoop`: also how late the event loop is,
 * which takes fifty looks a second.
 */
export function createProcessMetrics(options: { eventLoop: boolean }): () => MetricFamily[] {
  const garbage = watchGarbage()
  const delay = options.eventLoop ? watchEventLoop() : undefined
  return () => {
    const { user, system } = process.cpuUsage()
    const { active } = performance.eventLoopUtilization()
    const heap = getHeapStatistics()
    const fds = openFiles()
    return [
      one('process_cpu_seconds_total', 'counter', 'Processor time, user and system', (user + system) / 1e6),
      one('process_resident_memory_bytes', 'gauge', 'Resident memory', process.memoryUsage.rss()),
      one('process_start_time_seconds', 'gauge', 'Start of the process, unix time', performance.timeOrigin / 1000),
      ...(fds === undefined ? [] : [one('process_open_fds', 'gauge', 'Open file descriptors', fds)]),
      one('nodejs_heap_size_used_bytes', 'gauge', 'Heap in use', heap.used_heap_size),
      one('nodejs_heap_size_limit_bytes', 'gauge', 'Heap at most', heap.heap_size_limit),
      one('nodejs_external_memory_bytes', 'gauge', 'Memory of buffers outside of the heap', heap.external_memory),
      one('nodejs_eventloop_active_seconds_total', 'counter', 'Time in which the event loop worked', active / 1000),
      ...(delay ? [one('nodejs_eventloop_lag_p99_seconds', 'gauge', 'Lateness of the event loop', delay())] : []),
      {
        name: 'nodejs_gc_duration_seconds_total',
        type: 'counter',
        help: 'Time spent collecting garbage',
        series: Object.entries(garbage).map(([kind, value]) => ({ labels: { kind }, value })),
      },
    ]
  }
}

function one(name: string, type: MetricFamily['type'], help: string, value: number): MetricFamily {
  return { name, type, help, series: [{ labels: {}, value }] }
}

/** Seconds by kind; goes on growing. */
function watchGarbage(): Record<'minor' | 'major' | 'incremental' | 'weakcb', number> {
  const seconds = { minor: 0, major: 0, incremental: 0, weakcb: 0 }
  const kinds: Record<number, keyof typeof seconds> = {
    [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
    [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
    [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
    [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weakcb',
  }
  new PerformanceObserver((entries) => {
    for (const entry of entries.getEntries()) {
      const kind = kinds[(entry as { detail?: { kind?: number } }).detail?.kind ?? -1]
      if (kind) seconds[kind] += entry.duration / 1000
    }
  }).observe({ entryTypes: ['gc'] })
  return seconds
}

/** Seconds that 99 of 100 looks were not later than, in the last whole window. */
function watchEventLoop(): () => number {
  const histogram = monitorEventLoopDelay({ resolution: lookEveryMs })
  histogram.enable()
  let since = performance.now()
  let shown: number | undefined
  return () => {
    const current = lateness(histogram)
    if (performance.now() - since < windowMs) return shown ?? current
    histogram.reset()
    since = performance.now()
    return (shown = current)
  }
}

function lateness(histogram: IntervalHistogram): number {
  return Math.max(0, histogram.percentile(99) / 1e9 - lookEveryMs / 1000)
}

/** Undefined where the system does not tell. */
function openFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return undefined
  }
}
