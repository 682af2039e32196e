/** What a metric of the agent means to those who read charts and write strategies. */
export interface MetricEntry {
  /** A `*` at the end stands for whatever the kernel names. */
  readonly metric: string
  readonly counterType: 'GAUGE' | 'COUNTER'
  /** Of a COUNTER it is the unit of the rate. */
  readonly unit: string
  readonly meaning: string
}

export interface MetricGroup {
  readonly title: string
  /** Keys of the tags that each sample has, in canonical order. */
  readonly tags: readonly string[]
  /** What is true of the whole group. */
  readonly note: string
  readonly metrics: readonly MetricEntry[]
}

export const gauge = (metric: string, unit: string, meaning: string): MetricEntry => ({
  metric,
  counterType: 'GAUGE',
  unit,
  meaning,
})
export const counter = (metric: string, unit: string, meaning: string): MetricEntry => ({
  metric,
  counterType: 'COUNTER',
  unit,
  meaning,
})
