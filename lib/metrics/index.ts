export { createModuleMetrics, metricsPage } from './module-metrics.ts'
export type { MetricName } from './counter-metrics.ts'
export { readExposition } from './read-exposition.ts'
export type { ReadSeries } from './read-exposition.ts'
