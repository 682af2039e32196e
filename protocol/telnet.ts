import { parseGoFloat } from './go-float.ts'
import { isCounterType } from './item.ts'
import type { ReceivedItem } from './item.ts'
import type { Reading } from './reading.ts'

const defaultStepSeconds = 60
/** What Go's `strings.Fields` takes for blanks, which is not quite JavaScript's `\s`. */
const blanks = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/

/** What a line of the telnet port is. `ignored` covers blank lines and other commands. */
export type TelnetLine = { kind: 'quit' } | { kind: 'ignored' } | { kind: 'update'; item: Reading<TelnetItem> }

/** An item with its value read. Its tags are always empty: a `/` in the metric stays there. */
export interface TelnetItem extends ReceivedItem {
  readonly value: number
}

/**
 * Reads one line without its newline: `update ENDPOINT METRIC TIMESTAMP VALUE [TYPE [STEP]]`, fields separated by blanks.
 * TYPE is COUNTER and STEP 60 unless given; STEP is seconds or `heartbeat:min:max:step`.
 * Falcon: nothing else is checked here, neither length nor time, and a step that is not positive passes.
 */
export function readTelnetLine(line: string): TelnetLine {
  if (line === 'quit') return { kind: 'quit' }
  const [command, ...fields] = line.split(blanks).filter((field) => field !== '')
  if (command !== 'update' || fields.length === 0) return { kind: 'ignored' }
  return { kind: 'update', item: readFields(fields) }
}

function readFields(fields: readonly string[]): Reading<TelnetItem> {
  const [endpoint = '', metric = '', time = '', text = '', counterType = 'COUNTER', step] = fields
  if (fields.length < 4 || fields.length > 6) return refused('needs 4 to 6 fields')
  const timestamp = parseInt64(time)
  if (timestamp === undefined) return refused('timestamp is not an integer')
  const value = parseGoFloat(text)
  if (value === undefined) return refused('not a value')
  if (!isCounterType(counterType)) return refused('unknown counterType')
  const stepSeconds = step === undefined ? defaultStepSeconds : stepOf(step)
  if (stepSeconds === undefined) return refused('step is not an integer')
  return {
    ok: true,
    value: { endpoint, metric, value, step: stepSeconds, counterType, tags: '', timestamp },
  }
}

function stepOf(text: string): number | undefined {
  const parts = text.split(':')
  if (parts.length !== 1 && parts.length !== 4) return undefined
  return parseInt64(parts.at(-1) ?? '')
}

function parseInt64(text: string): number | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined
  const value = Number(text)
  // Near the ends a double is too coarse to tell, so the text is compared.
  if (Math.abs(value) < 2 ** 62) return value
  return Math.abs(value) <= 2 ** 63 &&
    BigInt.asIntN(64, BigInt(text.replace('+', ''))) === BigInt(text.replace('+', ''))
    ? value
    : undefined
}

function refused(reason: string): { ok: false; reason: string } {
  return { ok: false, reason }
}
