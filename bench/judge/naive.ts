import { endpointOf, metricOf, seriesCount, strategies, valueOf } from './fleet.ts'

interface Point {
  timestamp: number
  value: number
}

/**
 * A judge as one writes it first: points as objects in arrays, series and strategies found by text, the function parsed
 * for each point. No journal. Returns the samples judged a second of CPU and the bytes it keeps a series.
 */
export function judgeNaively(rounds: number, used: () => number): { cpuMicros: number; bytesPerSeries: number } {
  const byKey = new Map<string, typeof strategies>()
  for (let i = 0; i < seriesCount; i++) {
    const key = `${endpointOf(i)}/${metricOf(i)}`
    byKey.set(
      key,
      strategies.filter(({ metric }) => metric === metricOf(i)),
    )
  }
  const before = used()
  const histories = new Map<string, Point[]>()
  let fired = 0
  const judge = (endpoint: string, metric: string, timestamp: number, value: number) => {
    const key = `${endpoint}/${metric}`
    let points = histories.get(key)
    if (!points) histories.set(key, (points = []))
    points.unshift({ timestamp, value })
    if (points.length > 11) points.pop()
    for (const { func, rightValue } of byKey.get(key) ?? []) {
      const [, name = '', numbers = ''] = /^(\w+)\(#([\d,]+)\)$/.exec(func) ?? []
      const limit = Number(numbers.split(',').at(-1)) + (name.endsWith('diff') ? 1 : 0)
      if (points.length < limit) continue
      if (
        compute(
          name,
          points.slice(0, limit).map((point) => point.value),
        ) > rightValue
      )
        fired++
    }
  }
  for (let i = 0; i < seriesCount; i++) judge(endpointOf(i), metricOf(i), 0, valueOf(i, 0))
  const names = Array.from({ length: seriesCount }, (_, i) => [endpointOf(i), metricOf(i)] as const)
  const start = process.cpuUsage()
  for (let round = 1; round <= rounds; round++)
    names.forEach(([endpoint, metric], i) => judge(endpoint, metric, 60 * round, valueOf(i, round)))
  const { user, system } = process.cpuUsage(start)
  if (fired > 0) throw new Error(`${fired} rules fired in a healthy fleet`)
  const bytesPerSeries = (used() - before) / seriesCount
  return { cpuMicros: (user + system) / (rounds * seriesCount), bytesPerSeries }
}

function compute(name: string, values: number[]): number {
  const sum = values.reduce((total, value) => total + value, 0)
  if (name === 'max') return Math.max(...values)
  if (name === 'avg') return sum / values.length
  if (name === 'stddev') {
    const mean = sum / values.length
    const deviation = Math.sqrt(values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length)
    return Math.abs((values[0] ?? 0) - mean) > 1000 * deviation + 1 ? Infinity : 0
  }
  if (name.endsWith('diff')) return Math.max(...values.slice(1).map((value) => (values[0] ?? 0) - value))
  return Math.min(...values)
}
