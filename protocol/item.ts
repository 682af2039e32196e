import { parseGoFloat } from './go-float.ts'
import type { CounterType, Series } from './series.ts'
import { parseTags } from './tags.ts'

/** One item of a `Transfer.Update` call as Go's decoder leaves it: types are right, members that were absent are zero. */
export interface ReceivedItem {
  readonly endpoint: string
  readonly metric: string
  /** Anything JSON holds; only numbers and texts of numbers are values. */
  readonly value: unknown
  /** Seconds. */
  readonly step: number
  readonly counterType: string
  /** As sent, `k=v,k2=v2` in any order. */
  readonly tags: string
  /** Unix seconds; 0 or less means now. */
  readonly timestamp: number
}

/** Why an item is not forwarded; also the name it is counted under. */
export type Refusal =
  | 'null item'
  | 'kernel.hostname'
  | 'no metric'
  | 'no endpoint'
  | 'unknown counterType'
  | 'not a value'
  | 'step not positive'
  | 'metric and tags too long'

/** Bytes of UTF-8 that metric and raw tags may have together. */
const maxNameBytes = 510

/** The first rule an item breaks, in Open-Falcon's order; undefined when transfer forwards it. */
export function refusalOf(item: ReceivedItem | null): Refusal | undefined {
  if (item === null) return 'null item'
  // Falcon: agents of old sent the host's name as the value of this metric.
  if (item.metric === 'kernel.hostname') return 'kernel.hostname'
  if (item.metric === '') return 'no metric'
  if (item.endpoint === '') return 'no endpoint'
  if (!isCounterType(item.counterType)) return 'unknown counterType'
  if (typeof item.value !== 'number' && numberOf(item.value) === undefined) return 'not a value'
  if (item.step <= 0) return 'step not positive'
  if (tooLong(item.metric, item.tags)) return 'metric and tags too long'
  return undefined
}

export function isCounterType(text: string): text is CounterType {
  return text === 'GAUGE' || text === 'COUNTER' || text === 'DERIVE'
}

/** The number an item's value stands for; NaN and the infinities are numbers here. Undefined for what is none. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  return typeof value === 'string' ? parseGoFloat(value) : undefined
}

/** A sample's time before alignment. Falcon: none, or one absurdly far ahead (milliseconds, say), means now. */
export function saneTimestamp(timestamp: number, nowSeconds: number): number {
  return timestamp <= 0 || timestamp > nowSeconds * 2 ? nowSeconds : timestamp
}

/** Down to a multiple of the step. Falcon: towards zero before 1970, as Go's remainder gives it. */
export function alignDown(timestamp: number, step: number): number {
  return timestamp - (timestamp % step)
}

function tooLong(metric: string, tags: string): boolean {
  // A UTF-16 unit is at most 3 bytes of UTF-8, so only texts in between need to be measured.
  const units = metric.length + tags.length
  if (units * 3 <= maxNameBytes) return false
  return units > maxNameBytes || Buffer.byteLength(metric) + Buffer.byteLength(tags) > maxNameBytes
}

/** What Open-Falcon's transfer sends to a graph for one sample (`Graph.Send`). */
export interface GraphItem {
  endpoint: string
  metric: string
  tags: Record<string, string>
  value: number
  timestamp: number
  dstype: 'GAUGE' | 'DERIVE'
  /** Seconds. */
  step: number
  /** Seconds. */
  heartbeat: number
  min: string
  max: string
}

/** Falcon: COUNTER and DERIVE are one thing to the store, a rate that is never negative; two steps of silence are a gap. */
export function graphItemOf(series: Series, timestamp: number, value: number): GraphItem {
  const gauge = series.counterType === 'GAUGE'
  return {
    endpoint: series.endpoint,
    metric: series.metric,
    tags: tagsOf(series),
    value,
    timestamp,
    dstype: gauge ? 'GAUGE' : 'DERIVE',
    step: series.step,
    heartbeat: series.step * 2,
    min: gauge ? 'U' : '0',
    max: 'U',
  }
}

/** What Open-Falcon's transfer sends to a judge for one sample (`Judge.Send`). */
export interface JudgeItem {
  endpoint: string
  metric: string
  value: number
  timestamp: number
  judgeType: CounterType
  tags: Record<string, string>
}

export function judgeItemOf(series: Series, timestamp: number, value: number): JudgeItem {
  const { endpoint, metric, counterType } = series
  return { endpoint, metric, value, timestamp, judgeType: counterType, tags: tagsOf(series) }
}

function tagsOf(series: Series): Record<string, string> {
  return Object.fromEntries(parseTags(series.tags))
}
