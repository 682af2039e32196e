import { decodeGo, foldName, goAny, goInt64, goPointers, goString, goStruct } from './go-decode.ts'
import type { ReceivedItem } from './item.ts'
import type { RawArgument } from './raw-argument.ts'
import type { Reading } from './reading.ts'

/** One item of `Transfer.Update`, of `/api/push` and of `/v1/push`; what was absent is zero, an absent value null. */
export type RawItem = ReceivedItem

/**
 * Reads the argument of `Transfer.Update` as a Go transfer does: one member of a wrong type refuses the whole call, in
 * Go's words; null items stay in their places; null or nothing is an empty list.
 *
 * Nearly all calls are settled on what JSON.parse gave; text is decoded Go's way only where the two could differ. One
 * difference is left: of a text member given twice, a first one of a wrong type goes unnoticed.
 */
export function readMetricValues(raw: RawArgument): Reading<(RawItem | null)[]> {
  const { value } = raw
  if (value === undefined || value === null) return { ok: true, value: [] }
  if (Array.isArray(value) && integersArePlain(raw.source ?? raw.text())) {
    const items = settleAll(value)
    if (items !== undefined) return { ok: true, value: items }
  }
  return decodeGo(metricValues, raw.text())
}

const metricValues = goPointers(
  goStruct<RawItem>('MetricValue', {
    endpoint: goString,
    metric: goString,
    value: goAny,
    step: goInt64,
    counterType: goString,
    tags: goString,
    timestamp: goInt64,
  }),
)

const memberNames = new Set(['endpoint', 'metric', 'value', 'step', 'counterType', 'tags', 'timestamp'])

/** Go takes neither 60.0 nor 6e1 for an integer, and to JSON.parse they are 60. */
const fractionOrExponent = /"(?:timestamp|step)"[ \t\r\n]*:[ \t\r\n]*-?\d+[.eE]/
/** Cheaper, and settles what is written without blanks: anything but digits after one of these names. */
const otherThanDigits = /"(?:timestamp|step)"(?!:\d+[,}])/
/** Escapes that may spell a member's name, or half a surrogate pair. */
const tellingEscape = /\\u(?:00[67]|[dD][89a-fA-F])/

function integersArePlain(source: string): boolean {
  if (otherThanDigits.test(source) && fractionOrExponent.test(source)) return false
  return !(source.includes('\\u') && tellingEscape.test(source))
}

/** The items as they are when nothing in them needs Go's decoder; undefined when something does. */
function settleAll(items: unknown[]): (RawItem | null)[] | undefined {
  for (let i = 0; i < items.length; i++) {
    const item = items[i]
    if (item === null) continue
    if (typeof item !== 'object') return undefined
    if (isComplete(item)) continue
    const completed = complete(item)
    if (completed === undefined) return undefined
    items[i] = completed
  }
  return items as (RawItem | null)[]
}

/** Seven members, all of them ours, all of the right type: what agents send. */
function isComplete(item: Partial<RawItem>): boolean {
  if (typeof item.endpoint !== 'string' || typeof item.metric !== 'string') return false
  if (typeof item.counterType !== 'string' || typeof item.tags !== 'string') return false
  if (!isInteger(item.step) || !isInteger(item.timestamp)) return false
  // Of the seven a member of another name may take the place of the value alone: any type of value is a right one.
  if (item.value === undefined || !isPlainValue(item.value)) return false
  let members = 0
  for (const name in item) if (name !== '') members++
  return members === memberNames.size
}

/** An item with members missing or unknown ones added; undefined when a member is none that JSON.parse can settle. */
function complete(item: Partial<RawItem>): RawItem | undefined {
  if (Array.isArray(item)) return undefined
  for (const name of Object.keys(item))
    if (!memberNames.has(name) && [...memberNames].some((known) => foldName(known) === foldName(name))) return undefined
  const { endpoint = '', metric = '', value = null, step = 0, counterType = '', tags = '', timestamp = 0 } = item
  const texts: unknown[] = [endpoint, metric, counterType, tags]
  if (texts.some((text) => typeof text !== 'string')) return undefined
  if (!isInteger(step) || !isInteger(timestamp) || !isPlainValue(value)) return undefined
  return { endpoint, metric, value, step, counterType, tags, timestamp }
}

/** Beyond 2^53 the limits of an int64 are better judged from the text. */
function isInteger(value: unknown): boolean {
  return Number.isSafeInteger(value)
}

/** Numbers out of range parse as infinite and are an error to Go, also inside of arrays and objects. */
function isPlainValue(value: unknown): boolean {
  return typeof value === 'number' ? Number.isFinite(value) : typeof value !== 'object' || value === null
}
