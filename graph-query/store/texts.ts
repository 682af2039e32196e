import { randomInt } from 'node:crypto'
import { createHashTable } from './hash-table.ts'

/**
 * Texts and their numbers, counted from 0 in the order in which they came. Off the heap of objects: a text takes its
 * bytes and some thirty more. Texts are never taken out, so numbers hold for as long as the process runs.
 */
export interface Texts {
  readonly count: number
  /** -1 when it is none of them. */
  find(text: string): number
  /** The number of a text, new when the text is. @throws RangeError when it is too long or there is no room */
  intern(text: string): number
  /** The same for a text in UTF-8. */
  internBytes(bytes: Uint8Array, start: number, end: number): number
  text(number: number): string
  /** Which chunk has a text. Chunks hold texts with consecutive numbers. */
  chunkOf(number: number): number
  chunk(index: number): TextChunk
}

/** Texts one after another in lower case, each followed by a zero and, unless it is the same, by the text as it came. */
export interface TextChunk {
  readonly bytes: Buffer
  /** Numbers of the first text in it, and of the one after the last. */
  readonly first: number
  readonly end: number
  /** Where a text starts in `bytes`. */
  start(number: number): number
}

const chunkBits = 18
const chunkBytes = 2 ** chunkBits
const mostChunks = 2 ** (32 - chunkBits)
/** In UTF-8; the longest names are a third of this. */
const longestBytes = 16_384

interface Chunk {
  readonly bytes: Buffer
  used: number
  readonly first: number
}

export function createTexts(): Texts {
  const chunks: Chunk[] = []
  let count = 0
  /** Start of a text: chunk × 2^18 + place in the chunk. */
  let starts = new Uint32Array(1024)
  /** Bytes in lower case; bytes as it came, 0 when that is the same. */
  let lowerLengths = new Uint16Array(1024)
  let ownLengths = new Uint16Array(1024)
  /** So that nobody can choose names which all meet in one slot. */
  const seed = randomInt(2 ** 32)
  const table = createHashTable()
  /** The text that is looked for. */
  const scratch = Buffer.allocUnsafeSlow(longestBytes)
  let length = 0
  let hash = 0

  function hashBytes(bytes: Uint8Array, start: number, end: number): number {
    let sum = seed
    for (let i = start; i < end; i++) sum = Math.imul(sum ^ (bytes[i] ?? 0), 0x01000193)
    return sum
  }

  function encode(text: string): void {
    // A character is three bytes at most.
    if (3 * text.length > longestBytes) throw new RangeError(`Cannot keep a name of ${text.length} characters`)
    length = text.length
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code >= 128) {
        length = scratch.write(text)
        break
      }
      scratch[i] = code
    }
    hash = hashBytes(scratch, 0, length)
  }

  function isScratch(number: number): boolean {
    const at = starts[number] ?? 0
    const lower = lowerLengths[number] ?? 0
    const own = ownLengths[number] ?? 0
    if ((own === 0 ? lower : own) !== length) return false
    const { bytes } = chunkAt(at >>> chunkBits)
    const start = (at & (chunkBytes - 1)) + (own === 0 ? 0 : lower + 1)
    for (let i = 0; i < length; i++) if (bytes[start + i] !== scratch[i]) return false
    return true
  }

  function chunkAt(index: number): Chunk {
    const chunk = chunks[index]
    if (!chunk) throw new RangeError(`Cannot read names of chunk ${index}: there are ${chunks.length}`)
    return chunk
  }

  function findScratch(): number {
    for (let slot = table.first(hash); slot >= 0; slot = table.next(slot, hash))
      if (isScratch(table.at(slot))) return table.at(slot)
    return -1
  }

  /** The lower case of the scratch; undefined when it is in lower case. */
  function lowerCase(): Buffer | undefined {
    for (let i = 0; i < length; i++) {
      const byte = scratch[i] ?? 0
      if (byte < 128 && (byte < 65 || byte > 90)) continue
      const text = scratch.toString('utf8', 0, length)
      const lower = text.toLowerCase()
      return lower === text ? undefined : Buffer.from(lower)
    }
    return undefined
  }

  function internScratch(): number {
    const known = findScratch()
    if (known >= 0) return known
    const lower = lowerCase()
    const needed = length + 1 + (lower ? lower.length + 1 : 0)
    let chunk = chunks.at(-1)
    if (!chunk || chunk.used + needed > chunkBytes) {
      if (chunks.length === mostChunks) throw new RangeError(`Cannot keep more names: they are ${mostChunks} chunks`)
      chunk = { bytes: Buffer.alloc(chunkBytes), used: 0, first: count }
      chunks.push(chunk)
    }
    if (count === starts.length) {
      starts = doubled(starts, new Uint32Array(2 * count))
      lowerLengths = doubled(lowerLengths, new Uint16Array(2 * count))
      ownLengths = doubled(ownLengths, new Uint16Array(2 * count))
    }
    starts[count] = (chunks.length - 1) * chunkBytes + chunk.used
    lowerLengths[count] = lower?.length ?? length
    ownLengths[count] = lower ? length : 0
    if (lower) chunk.used += lower.copy(chunk.bytes, chunk.used) + 1
    chunk.used += scratch.copy(chunk.bytes, chunk.used, 0, length) + 1
    table.add(hash, count)
    return count++
  }

  return {
    get count() {
      return count
    },
    find(text) {
      if (3 * text.length > longestBytes) return -1
      encode(text)
      return findScratch()
    },
    intern(text) {
      encode(text)
      return internScratch()
    },
    internBytes(bytes, start, end) {
      if (end - start > longestBytes) throw new RangeError(`Cannot keep a name of ${end - start} bytes`)
      length = end - start
      for (let i = 0; i < length; i++) scratch[i] = bytes[start + i] ?? 0
      hash = hashBytes(scratch, 0, length)
      return internScratch()
    },
    text(number) {
      const at = starts[number] ?? 0
      const lower = lowerLengths[number] ?? 0
      const own = ownLengths[number] ?? 0
      const start = (at & (chunkBytes - 1)) + (own === 0 ? 0 : lower + 1)
      return chunkAt(at >>> chunkBits).bytes.toString('utf8', start, start + (own === 0 ? lower : own))
    },
    chunkOf: (number) => (starts[number] ?? 0) >>> chunkBits,
    chunk(index) {
      const { bytes, used, first } = chunkAt(index)
      return {
        bytes: bytes.subarray(0, used),
        first,
        end: chunks[index + 1]?.first ?? count,
        start: (number) => (starts[number] ?? 0) & (chunkBytes - 1),
      }
    },
  }
}

function doubled<Column extends Uint32Array | Uint16Array>(from: Column, to: Column): Column {
  to.set(from)
  return to
}
