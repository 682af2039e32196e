import type { LastValue } from '../last-values.ts'
import { chartSpecs, mostGroups } from './charts.ts'
import type { ChartSpec } from './charts.ts'
import { createSlots } from './slots.ts'
import type { Slot, Slots } from './slots.ts'

/** One line of a chart over the hour. */
export interface ChartLine {
  /** The metric it began with, as the chart's definition names it first. */
  readonly metric: string
  /** The value of the tag that sets it apart; empty when there is none. */
  readonly group: string
  readonly slots: readonly (Slot | undefined)[]
}

export interface ChartData {
  readonly spec: ChartSpec
  readonly lines: readonly ChartLine[]
}

/** The last hour of what the status page draws. */
export interface History {
  record(value: LastValue): void
  /** Those that have anything to show. */
  charts(nowMs: number): ChartData[]
  /** Milliseconds of a slot. */
  readonly slotMs: number
}

interface Group {
  readonly lines: (Slots | undefined)[]
  peak: number
}

/** Where a metric is drawn. */
interface Place {
  readonly spec: ChartSpec
  readonly line: number
  readonly scale: number
}

/**
 * Keeps a bounded set of lines: of a metric with many series those with the highest values of the hour. One that appears
 * later takes the place of the lowest only when it is above all that one reached, so that lines do not come and go.
 */
export function createHistory(stepMs: number): History {
  const slotMs = Math.max(60_000, stepMs)
  const charts = new Map<ChartSpec, Map<string, Group>>(chartSpecs.map((spec) => [spec, new Map()]))
  const places = new Map<string, Place>()
  for (const spec of chartSpecs)
    spec.lines.forEach(({ metrics, scale }, line) => {
      for (const metric of metrics) places.set(metric, { spec, line, scale: scale?.[metric] ?? 1 })
    })

  function groupOf(spec: ChartSpec, name: string, value: number): Group | undefined {
    const groups = charts.get(spec) ?? new Map<string, Group>()
    const known = groups.get(name)
    if (known) return known
    if (spec.tags !== undefined && groups.size >= mostGroups) {
      const lowest = [...groups].reduce((a, b) => (b[1].peak < a[1].peak ? b : a))
      if (lowest[1].peak >= value) return undefined
      groups.delete(lowest[0])
    }
    const fresh: Group = { lines: spec.lines.map(() => undefined), peak: -Infinity }
    groups.set(name, fresh)
    return fresh
  }

  return {
    slotMs,
    record({ sample, perSecond, atMs }) {
      const place = places.get(sample.metric)
      if (!place) return
      const measured = sample.counterType === 'COUNTER' ? perSecond : sample.value
      if (measured === undefined) return
      const value = measured * place.scale
      const name = groupName(place.spec, sample.tags)
      const group = name === undefined ? undefined : groupOf(place.spec, name, value)
      if (!group) return
      const slots = (group.lines[place.line] ??= createSlots(slotMs))
      slots.add(value, atMs)
      group.peak = Math.max(...group.lines.map((line) => line?.peak() ?? -Infinity))
    },
    charts(nowMs) {
      return chartSpecs.flatMap((spec) => {
        const groups = [...(charts.get(spec) ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1))
        const lines = groups.flatMap(([group, { lines }]) =>
          spec.lines.map(({ metrics }, line) => ({
            metric: metrics[0] ?? '',
            group,
            slots: lines[line]?.read(nowMs) ?? [],
          })),
        )
        const shown = lines.filter(({ slots }) => slots.some((slot) => slot !== undefined))
        return shown.length === 0 ? [] : [{ spec, lines: shown }]
      })
    },
  }
}

/** The value of the first tag that the chart tells its series apart by; undefined for a series that is not the chart's. */
function groupName({ tags: keys }: ChartSpec, tags: string): string | undefined {
  if (keys === undefined) return tags === '' ? '' : undefined
  for (const key of keys) {
    const tag = tags.split(',').find((tag) => tag.startsWith(`${key}=`))
    if (tag !== undefined) return tag.slice(key.length + 1)
  }
  return undefined
}
