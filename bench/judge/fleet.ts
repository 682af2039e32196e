import type { Strategy } from '#protocol'

/** What a big site looks like: 10 000 hosts of one template with 20 strategies. */
export const hostCount = 10_000
export const strategyCount = 20

const functions = ['all(#3)', 'avg(#5)', 'max(#3)', 'min(#3)', 'diff(#2)', 'lookup(#2,3)', 'pdiff(#3)', 'stddev(#10)']

export const strategies: readonly Strategy[] = Array.from({ length: strategyCount }, (_, i) => ({
  id: i + 1,
  metric: `metric.${i}`,
  tags: {},
  func: functions[i % functions.length] ?? 'all(#1)',
  operator: '>',
  rightValue: 1000,
  maxStep: 3,
  priority: 2,
  note: 'bench',
  tpl: { id: 1, name: 'bench', parentId: 0, actionId: 1, creator: 'root' },
}))

/** Series number `i`: all metrics of a host in a row, as they arrive. */
export const endpointOf = (i: number): string => `host-${Math.floor(i / strategyCount)}.example`
export const metricOf = (i: number): string => `metric.${i % strategyCount}`
export const seriesCount = hostCount * strategyCount

/** Between 0 and 100, so that hardly anything fires, as in a healthy fleet. */
export const valueOf = (i: number, round: number): number => ((i * 31 + round * 17) % 1000) / 10
