import { askHistory } from '../drivers/fleet.ts'
import { loadStep, loadValue } from './load.ts'
import type { SentEndpoint } from './load.ts'

export interface MissingSample {
  readonly endpoint: string
  readonly counter: string
  readonly timestamp: number
}

/** How what a graph answers compares with what was sent. */
export interface Comparison {
  readonly acknowledged: number
  /** Samples that are answered. */
  readonly stored: number
  /** Acknowledged, but not answered. */
  readonly missing: readonly MissingSample[]
  /** Answers that were never sent: another value, a time without a sample, a time twice. */
  readonly wrong: readonly string[]
}

/** Asks the query port for every series that was sent, and compares every sample. */
export async function compareStored(queryPort: number, sent: readonly SentEndpoint[]): Promise<Comparison> {
  const missing: MissingSample[] = []
  const wrong: string[] = []
  let acknowledged = 0
  let stored = 0
  for (const one of sent) {
    const { endpoint, counters, begin } = one
    acknowledged += one.acknowledged * counters.length
    const end = begin + (one.sent + 30) * loadStep
    const answer = await askHistory(queryPort, endpoint, counters, begin - 30 * loadStep, end)
    for (const [i, counter] of counters.entries()) {
      const series = answer.find((candidate) => candidate.counter === counter)
      const found = new Set<number>()
      for (const { timestamp, value } of series?.Values ?? []) {
        if (value === null) continue
        const tick = (timestamp - begin) / loadStep
        const wasSent = Number.isInteger(tick) && tick >= 0 && tick < one.sent
        if (!wasSent || value !== loadValue(one.lane, i, timestamp) || found.has(timestamp))
          wrong.push(`${endpoint}/${counter} ${timestamp} ${value}`)
        else stored++
        found.add(timestamp)
      }
      for (let tick = 0; tick < one.acknowledged; tick++) {
        const timestamp = begin + tick * loadStep
        if (!found.has(timestamp)) missing.push({ endpoint, counter, timestamp })
      }
    }
  }
  return { acknowledged, stored, missing, wrong }
}
