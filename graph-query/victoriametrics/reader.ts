import { layoutOf } from '../store/layout.ts'
import type { ArchiveSetting } from '../store/layout.ts'
import { joinRuns } from '../store/join-runs.ts'
import { readPattern } from '../store/pattern.ts'
import { endpointId } from '../store/series-index.ts'
import type { FoundCounter } from '../store/types.ts'
import { BadQuery } from '../reader/reader.ts'
import type { Reader } from '../reader/reader.ts'
import type { VictoriametricsClient } from './client.ts'
import type { Clock } from './clock.ts'
import { readLastPoint } from './last-point.ts'
import { planRows, rowsOfSamples, samplesFrom } from './rows-of-samples.ts'
import { counterContains, readLabels, selectorOf } from './series-labels.ts'
import type { Variant } from './series-labels.ts'
import { keyOf, newestTimes } from './variants.ts'
import type { Variants } from './variants.ts'

export interface VictoriametricsReaderOptions {
  readonly client: VictoriametricsClient
  readonly variants: Variants
  readonly clock: Clock
  readonly archives: readonly ArchiveSetting[]
  readonly rawRetentionSeconds: number
}

/** Names in one selector. */
const namesAtOnce = 200

/** Reads all series from VictoriaMetrics, with the answers that our own store would give. */
export function createVictoriametricsReader(options: VictoriametricsReaderOptions): Reader {
  const { client, variants, clock, archives, rawRetentionSeconds } = options
  /** Endpoints by number; numbers come from names, so this is never wrong, only short. */
  const names = new Map<number, string>()

  /**
   * Endpoints of which series were deleted here. The server goes on listing their names until it rewrites that part of
   * its index, so they are looked up before they are answered.
   */
  const doubtful = new Set<string>()

  async function allEndpoints(filter: string): Promise<readonly string[]> {
    const found = await client.labelValues('endpoint', `{counter!=""${filter}}`, clock.everything())
    for (const name of found) names.set(endpointId(name), name)
    return found
  }

  async function withoutDeleted(found: readonly string[], filter: string): Promise<string[]> {
    const gone = new Set<string>()
    for (const name of found.filter((each) => doubtful.has(each))) {
      const selector = selectorOf({ endpoint: name }).replace(/\}$/, `${filter}}`)
      if ((await client.series([selector], clock.everything(), 1)).length === 0) gone.add(name)
    }
    return found.filter((name) => !gone.has(name))
  }

  async function nameOf(id: number): Promise<string | undefined> {
    if (!names.has(id)) await allEndpoints('')
    return names.get(id)
  }

  /** The counters of an endpoint by name, each as it is today. */
  async function countersOf(endpoint: string): Promise<Map<string, Variant>> {
    const selector = selectorOf({ endpoint })
    const found = (await client.series([selector], clock.everything())).flatMap((labels) => readLabels(labels) ?? [])
    const counters = new Map<string, Variant>()
    const changed = new Set(found.map(({ counter }) => counter).filter((name, i, all) => all.indexOf(name) !== i))
    for (const series of found) if (!changed.has(series.counter)) counters.set(series.counter, series)
    for (const counter of changed) {
      const [today] = await variants.of(endpoint, counter)
      if (today) counters.set(counter, today)
    }
    return new Map([...counters].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }

  async function countOf(selectors: readonly string[]) {
    const found = (await client.series(selectors, clock.everything())).flatMap((labels) => readLabels(labels) ?? [])
    return {
      endpoints: new Set(found.map(({ endpoint }) => endpoint)).size,
      counters: new Set(found.map(({ endpoint, counter }) => keyOf([endpoint, counter]))).size,
    }
  }

  async function remove(endpoints: readonly string[], selectors: readonly string[]) {
    if (selectors.length === 0) return { endpoints: 0, counters: 0 }
    const counts = await countOf(selectors)
    await client.deleteSeries(selectors)
    variants.forget()
    for (const name of endpoints) doubtful.add(name)
    return counts
  }

  return {
    async history(request) {
      const found = await variants.of(request.endpoint, request.counter)
      const [today] = found
      if (!today) return undefined
      const { endpoint, counter, consolidation } = request
      const runs = await Promise.all(
        found.map(async (variant) => {
          const layout = layoutOf(variant.step, archives, rawRetentionSeconds)
          const plan = orBadQuery(() => planRows(layout, request, clock.now()))
          const { kind, step } = variant
          const selector = selectorOf({ endpoint, counter, dstype: kind, step: String(step) })
          const span = { start: samplesFrom(plan, variant), end: plan.lastStep * step }
          const [samples] = span.start <= span.end ? await client.export([selector], span) : []
          return rowsOfSamples(plan, variant, samples ?? { times: [], values: [] }, consolidation)
        }),
      )
      return { kind: today.kind, step: today.step, runs: runs.length === 1 ? runs : joinRuns(runs) }
    },
    async last(endpoint, counter) {
      const [today] = await variants.of(endpoint, counter)
      return today && readLastPoint(client, clock, { endpoint, counter }, today)
    },
    async searchEndpoints({ q, tags, page, limit }) {
      const fits = patternOf(q, false)
      const parts = tags.split(',').flatMap((part) => part.trim() || [])
      const filter = parts.map((part) => `,${counterContains(part)}`).join('')
      const found = (await allEndpoints(filter)).filter((name) => fits(name))
      return (await withoutDeleted(found, filter))
        .slice((page - 1) * limit, page * limit)
        .map((name) => ({ id: endpointId(name), endpoint: name }))
    },
    async searchCounters({ endpointIds, metricQuery, page, limit }) {
      const fits = patternOf(metricQuery, true)
      const found: FoundCounter[] = []
      for (const endpointOf of new Set(endpointIds)) {
        if (found.length >= page * limit) break
        const name = await nameOf(endpointOf)
        if (name === undefined) continue
        for (const [counter, { kind, step }] of await countersOf(name))
          if (fits(counter)) found.push({ endpointId: endpointOf, counter, kind, step })
      }
      return found.slice((page - 1) * limit, page * limit)
    },
    async endpoints(wanted) {
      const newest = new Map<string, number>()
      for (const some of chunks([...new Set(wanted)])) {
        const all = (found: ReadonlyMap<string, number>) => found.size === some.length
        const times = await newestTimes(client, clock, selectorOf({ endpoint: some }), ['endpoint'], all)
        for (const [name, time] of times) newest.set(name, time)
      }
      return [...new Set(wanted)].flatMap((name) => {
        const timestamp = newest.get(name)
        return timestamp === undefined ? [] : [{ id: endpointId(name), endpoint: name, timestamp }]
      })
    },
    deleteEndpoints: (wanted) =>
      remove(
        wanted,
        chunks([...new Set(wanted)]).map((some) => selectorOf({ endpoint: some })),
      ),
    async deleteCounters(endpoints, counters) {
      const selectors = chunks([...new Set(endpoints)]).flatMap((endpoint) =>
        chunks([...new Set(counters)]).map((counter) => selectorOf({ endpoint, counter })),
      )
      return (await remove(endpoints, selectors)).counters
    },
  }
}

function chunks(all: readonly string[]): string[][] {
  const parts: string[][] = []
  for (let from = 0; from < all.length; from += namesAtOnce) parts.push(all.slice(from, from + namesAtOnce))
  return parts
}

function patternOf(text: string, negation: boolean): (name: string) => boolean {
  const pattern = readPattern(text, { negation })
  if (!pattern.ok) throw new BadQuery(pattern.reason)
  return pattern.value
}

function orBadQuery<T>(plan: () => T): T {
  try {
    return plan()
  } catch (error) {
    if (error instanceof RangeError) throw new BadQuery(error.message, { cause: error })
    throw error
  }
}
