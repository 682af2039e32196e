import { largestPayload } from './block-log.ts'
import type { SeriesKind, SeriesRecord } from './series-record.ts'
import type { Texts } from './texts.ts'

/** Takes what a list of series says, in order. A definition comes before the deletion of the same number. */
export interface RegistryReader {
  readonly endpoints: Texts
  readonly counters: Texts
  /** `endpoint` and `counter` are numbers of the texts. */
  define(id: number, endpoint: number, counter: number, kind: SeriesKind, step: number, place: number): void
  delete(id: number): void
  /** Numbers below `ids`, and places below those of a step, were given out before, also those the list does not have. */
  given(ids: number, places: readonly (readonly [step: number, places: number])[]): void
}

/** A block as text: what the list was made of at first, and today still what it begins with after it was rewritten. */
export type TextEntry =
  | readonly ['+', id: number, endpoint: string, counter: string, kind: SeriesKind, step: number, place: number]
  | readonly ['-', id: number]
  | readonly ['=', ids: number, places: readonly (readonly [step: number, places: number])[]]

/** First byte of a text block: `[`. */
const textMark = 0x5b
/**
 * A binary block: this byte and three zeros; numbers of definitions, deletions, endpoints and counters; the definitions
 * (series, endpoint in this block, counter in this block, 2 × step + 1 for DERIVE, place); the deleted series; the texts
 * of endpoints, then of counters, each after its length in two bytes. All else takes four, little-endian. A block has
 * all texts it needs, so that a damaged one costs only its own series.
 */
const binaryMark = 1
const headerBytes = 20
const definitionBytes = 20
const mostDefinitions = 8192

/** What a block is written of: the series themselves and the numbers of deleted ones. */
export interface BlockContent {
  readonly payload: Uint8Array
  /** Entries that fit. */
  readonly taken: number
}

/** Numbers of defined series as they are, of deleted ones as `~id`; as many from `from` on as fit into one block. */
export function encodeBlock(
  entries: readonly number[],
  from: number,
  describe: (id: number) => SeriesRecord,
): BlockContent {
  const definitions: number[] = []
  const deletions: number[] = []
  const endpoints = createBlockTexts()
  const counters = createBlockTexts()
  let taken = 0
  for (; from + taken < entries.length && definitions.length < 5 * mostDefinitions; taken++) {
    const entry = entries[from + taken] ?? 0
    const size = headerBytes + 4 * (definitions.length + deletions.length) + endpoints.bytes + counters.bytes
    // The next one adds its row and, at the very most, two names.
    if (size + definitionBytes + 2 * 2 ** 16 > largestPayload) break
    if (entry < 0) {
      deletions.push(~entry)
      continue
    }
    const { endpoint, counter, kind, step, place } = describe(entry)
    definitions.push(
      entry,
      endpoints.add(endpoint),
      counters.add(counter),
      2 * step + (kind === 'DERIVE' ? 1 : 0),
      place,
    )
  }
  const payload = Buffer.alloc(
    headerBytes + 4 * (definitions.length + deletions.length) + endpoints.bytes + counters.bytes,
  )
  payload[0] = binaryMark
  let at = 4
  for (const number of [definitions.length / 5, deletions.length, endpoints.texts.length, counters.texts.length])
    at = payload.writeUInt32LE(number, at)
  for (const number of definitions) at = payload.writeUInt32LE(number, at)
  for (const number of deletions) at = payload.writeUInt32LE(number, at)
  for (const text of [...endpoints.texts, ...counters.texts]) {
    at = payload.writeUInt16LE(text.length, at)
    at += text.copy(payload, at)
  }
  return { payload, taken }
}

/** The different texts of a block. */
function createBlockTexts() {
  const numbers = new Map<string, number>()
  const texts: Buffer[] = []
  const block = {
    texts,
    /** With their lengths. */
    bytes: 0,
    add(text: string): number {
      const known = numbers.get(text)
      if (known !== undefined) return known
      const bytes = Buffer.from(text)
      numbers.set(text, texts.length)
      block.bytes += 2 + bytes.length
      return texts.push(bytes) - 1
    },
  }
  return block
}

/** Reads a block of either kind; the number of definitions in it. @throws when a later version of this wrote it */
export function readBlock(payload: Uint8Array, reader: RegistryReader): number {
  if (payload[0] === textMark) return readTextBlock(payload, reader)
  if (payload[0] === binaryMark) return readBinaryBlock(payload, reader)
  throw new Error(
    `Cannot read series.log: it has blocks of kind ${payload[0]}, which a later version must have written`,
  )
}

function readTextBlock(payload: Uint8Array, reader: RegistryReader): number {
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString()
  let definitions = 0
  for (const entry of JSON.parse(text) as TextEntry[]) {
    if (entry[0] === '-') reader.delete(entry[1])
    else if (entry[0] === '=') reader.given(entry[1], entry[2])
    else {
      const [, id, endpoint, counter, kind, step, place] = entry
      reader.define(id, reader.endpoints.intern(endpoint), reader.counters.intern(counter), kind, step, place)
      definitions++
    }
  }
  return definitions
}

function readBinaryBlock(payload: Uint8Array, reader: RegistryReader): number {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length)
  const definitions = view.getUint32(4, true)
  const deletions = view.getUint32(8, true)
  let textAt = headerBytes + definitionBytes * definitions + 4 * deletions
  const readTexts = (count: number, texts: Texts) => {
    const numbers = new Uint32Array(count)
    for (let i = 0; i < count; i++) {
      const end = textAt + 2 + view.getUint16(textAt, true)
      numbers[i] = texts.internBytes(payload, textAt + 2, end)
      textAt = end
    }
    return numbers
  }
  const endpoints = readTexts(view.getUint32(12, true), reader.endpoints)
  const counters = readTexts(view.getUint32(16, true), reader.counters)
  let at = headerBytes
  for (let i = 0; i < definitions; i++, at += definitionBytes) {
    const id = view.getUint32(at, true)
    const endpoint = endpoints[view.getUint32(at + 4, true)] ?? 0
    const counter = counters[view.getUint32(at + 8, true)] ?? 0
    const stepAndKind = view.getUint32(at + 12, true)
    reader.define(
      id,
      endpoint,
      counter,
      stepAndKind % 2 === 1 ? 'DERIVE' : 'GAUGE',
      Math.floor(stepAndKind / 2),
      view.getUint32(at + 16, true),
    )
  }
  for (let i = 0; i < deletions; i++, at += 4) reader.delete(view.getUint32(at, true))
  return definitions
}
