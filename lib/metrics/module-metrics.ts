import type { Counters } from '#lib/counters'
import { counterMetrics } from './counter-metrics.ts'
import type { MetricName } from './counter-metrics.ts'
import { expositionText, expositionType } from './exposition.ts'
import { createProcessMetrics } from './process-metrics.ts'

/** What `/metrics` of a module says: its counters, and what its process costs. `eventLoop`: see `createProcessMetrics`. */
export function createModuleMetrics(options: {
  readonly module: string
  readonly counters: Pick<Counters, 'list'>
  readonly names: readonly MetricName[]
  readonly eventLoop?: boolean
}): () => string {
  const { module, counters, names, eventLoop = true } = options
  const ofProcess = createProcessMetrics({ eventLoop })
  return () => expositionText([...counterMetrics(module, counters, names), ...ofProcess()])
}

/** The page at `/metrics`. */
export function metricsPage(metrics: () => string): () => { contentType: string; body: string } {
  return () => ({ contentType: expositionType, body: metrics() })
}
