import { elementsAt, readFirstJson, readMetricValues, refusalOf } from '#protocol'
import type { Reading, ReceivedItem } from '#protocol'
import type { Counters } from '#lib/counters'
import { givenItem } from './outgoing.ts'

/** An item that was not taken, for the one who sent it. */
export interface RefusedItem {
  /** Place in the batch, from 0. */
  readonly index: number
  /** `endpoint/metric`, as far as it could be read. */
  readonly name: string
  readonly reason: string
  /** Whether Go's decoder would have thrown the whole batch away for it. */
  readonly undecodable: boolean
}

export interface Taken {
  /** How many are held now, until transfer acknowledges them. */
  readonly accepted: number
  readonly refused: readonly RefusedItem[]
  /** Whether the accepted ones outlive this process: transfer or the disk has them. Settles within about a second. */
  readonly safe: Promise<boolean>
}

/** The way in for samples of others: pushed by scripts or printed by plugins. */
export interface Intake {
  /**
   * Takes a JSON array of items, `null` being an empty one; each item stands for itself. Not ok when the text is none.
   * `only` says whether something may follow the array.
   */
  take(text: string, source: 'push' | 'plugin', only: 'first value' | 'whole text'): Reading<Taken>
}

/**
 * Items are held as given, with what is missing filled in (see `givenItem`), once they pass transfer's own rules.
 * Counters: `received.<source>` for every item, then `refused.<reason>` or, later, what became of it when sent.
 */
export function createIntake(options: {
  fill: () => { endpoint: string; nowSeconds: number; defaultTags: string }
  hold: (items: readonly ReceivedItem[]) => Promise<boolean>
  counters: Counters
}): Intake {
  const { fill, hold, counters } = options
  return {
    take(text, source, only) {
      const read = readItems(text, only)
      if (!read.ok) {
        counters.add('undecodable')
        return read
      }
      counters.add(`received.${source}`, read.value.length)
      const filling = fill()
      const accepted: ReceivedItem[] = []
      const refused: RefusedItem[] = []
      read.value.forEach((item, index) => {
        if (item !== null && 'reason' in item) {
          refused.push({ index, name: item.name, reason: item.reason, undecodable: true })
          counters.add('refused.undecodable item')
          return
        }
        const filled = item === null ? null : givenItem(item, filling)
        const refusal = refusalOf(filled)
        if (refusal === undefined && filled) accepted.push(filled)
        else if (refusal !== undefined) {
          counters.add(`refused.${refusal}`)
          refused.push({ index, name: nameOf(filled), reason: explain(refusal, filled), undecodable: false })
        }
      })
      const safe = accepted.length === 0 ? Promise.resolve(true) : hold(accepted)
      return { ok: true, value: { accepted: accepted.length, refused, safe } }
    },
  }
}

/** What a Go transfer could not decode, with as much of its name as can be read. */
interface UndecodableItem {
  readonly name: string
  readonly reason: string
}

/** The items of an array one by one, so that one of wrong types does not refuse the others. */
function readItems(
  text: string,
  only: 'first value' | 'whole text',
): Reading<(ReceivedItem | UndecodableItem | null)[]> {
  const first = readFirstJson(text)
  if (!first) return { ok: false, reason: 'it is not JSON' }
  if (only === 'whole text' && first.text.length < text.length)
    return { ok: false, reason: 'something follows the JSON array' }
  if (first.value !== null && !Array.isArray(first.value)) return { ok: false, reason: 'it is not an array of items' }
  const all = readMetricValues({ value: first.value, source: first.text, text: () => first.text })
  if (all.ok) return all
  const elements = elementsAt(first.text, first.text.indexOf('['))
  return { ok: true, value: elements.map(({ start, end }) => readOne(first.text.slice(start, end))) }
}

function readOne(element: string): ReceivedItem | UndecodableItem | null {
  const source = `[${element}]`
  const value = JSON.parse(source) as unknown[]
  const read = readMetricValues({ value, source, text: () => source })
  if (read.ok) return read.value[0] ?? null
  const { endpoint, metric } = (value[0] ?? {}) as { endpoint?: unknown; metric?: unknown }
  const parts = [endpoint, metric].filter((part) => typeof part === 'string')
  return { name: parts.join('/'), reason: read.reason }
}

function nameOf(item: ReceivedItem | null): string {
  return item === null ? '' : `${item.endpoint}/${item.metric}`
}

/** The refusal with the value that caused it, where there is one to show. */
function explain(refusal: string, item: ReceivedItem | null): string {
  if (!item) return refusal
  if (refusal === 'not a value') return `not a value: ${shown(item.value)}`
  if (refusal === 'unknown counterType') return `unknown counterType: ${shown(item.counterType)}`
  if (refusal === 'step not positive') return `step not positive: ${item.step}`
  return refusal
}

/** An array or object is named only: it may be nested too deep to be written. */
function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  return JSON.stringify(value).slice(0, 60)
}
