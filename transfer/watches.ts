import type { CounterType, Reading } from '#protocol'
import { parseTags, sortTags } from '#protocol'

/** A received sample as `/trace` and `/filter` show it, with member names and order of Open-Falcon. */
export interface SeenSample {
  readonly metric: string
  readonly endpoint: string
  /** Unix seconds, before alignment. */
  readonly timestamp: number
  /** Seconds, as sent. */
  readonly step: number
  readonly value: number
  readonly counterType: CounterType
  readonly tags: Record<string, string>
}

export interface SeenRow {
  readonly Value: SeenSample
}

/** The operators of `/filter`: what a value must be to the threshold to be kept. */
export const filterOperators = {
  eq: (value: number, threshold: number) => value === threshold,
  ne: (value: number, threshold: number) => value !== threshold,
  gt: (value: number, threshold: number) => value > threshold,
  lt: (value: number, threshold: number) => value < threshold,
} as const

/** What is watched of one series. The intake calls `saw` for each sample of it. */
export interface Watch {
  saw(timestamp: number, step: number, value: number, counterType: CounterType): void
}

/**
 * The series somebody looks at through `/trace` and `/filter`. Asking starts the watching; the samples that arrive
 * afterwards are shown by the next call. Open-Falcon watches one series at a time, this the last `limit` asked for.
 */
export interface Watches {
  /** The latest three samples since the first call for this series, newest first. `tags` in any order. */
  trace(endpoint: string, metric: string, tags: string): SeenRow[]
  /** The latest five that compare to the threshold as asked. Falcon: an unknown operator is `bad opt: <it>`. */
  filter(endpoint: string, metric: string, tags: string, operator: string, threshold: number): Reading<SeenRow[]>
  /** The watch of a series, if it has one. `tags` canonical. */
  of(endpoint: string, metric: string, tags: string): Watch | undefined
}

interface Lens {
  readonly rows: SeenRow[]
  readonly keep: number
  matches(value: number): boolean
}

export const tracedSamples = 3
export const filteredSamples = 5

/** `onWatch` is told of each series that begins to be watched, so that whoever caches `of` can ask again. */
export function createWatches(onWatch: (endpoint: string, metric: string) => void, limit = 16): Watches {
  const watched = new Map<string, { lenses: Map<string, Lens>; watch: Watch }>()

  function lensOf(endpoint: string, metric: string, rawTags: string, name: string, create: () => Lens): Lens {
    const tags = sortTags(rawTags)
    const key = keyOf(endpoint, metric, tags)
    let entry = watched.get(key)
    if (!entry) {
      const lenses = new Map<string, Lens>()
      entry = { lenses, watch: createWatch(endpoint, metric, tags, lenses) }
      watched.set(key, entry)
      dropOldest(watched, limit)
      onWatch(endpoint, metric)
    }
    let lens = entry.lenses.get(name)
    if (!lens) {
      lens = create()
      entry.lenses.set(name, lens)
      dropOldest(entry.lenses, limit)
    }
    return lens
  }

  return {
    trace: (endpoint, metric, tags) =>
      lensOf(endpoint, metric, tags, 'trace', () => ({ rows: [], keep: tracedSamples, matches: () => true })).rows,
    filter(endpoint, metric, tags, operator, threshold) {
      if (!isOperator(operator)) return { ok: false, reason: `bad opt: ${operator}` }
      const compare = filterOperators[operator]
      const lens = lensOf(endpoint, metric, tags, `${operator} ${threshold}`, () => ({
        rows: [],
        keep: filteredSamples,
        matches: (value) => compare(value, threshold),
      }))
      return { ok: true, value: lens.rows }
    },
    of: (endpoint, metric, tags) =>
      watched.size === 0 ? undefined : watched.get(keyOf(endpoint, metric, tags))?.watch,
  }
}

function createWatch(endpoint: string, metric: string, tags: string, lenses: ReadonlyMap<string, Lens>): Watch {
  const tagsObject = Object.fromEntries(parseTags(tags))
  return {
    saw(timestamp, step, value, counterType) {
      for (const lens of lenses.values()) {
        if (!lens.matches(value)) continue
        lens.rows.unshift({ Value: { metric, endpoint, timestamp, step, value, counterType, tags: tagsObject } })
        if (lens.rows.length > lens.keep) lens.rows.pop()
      }
    },
  }
}

function isOperator(text: string): text is keyof typeof filterOperators {
  return Object.hasOwn(filterOperators, text)
}

/** Names may hold any character, so they are joined as JSON. */
function keyOf(...names: string[]): string {
  return JSON.stringify(names)
}

function dropOldest(map: Map<string, unknown>, limit: number): void {
  for (const key of map.keys()) {
    if (map.size <= limit) return
    map.delete(key)
  }
}
