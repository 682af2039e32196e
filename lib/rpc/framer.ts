import { isUtf8 } from 'node:buffer'
import { JsonScanner, textOfUtf8 } from '#protocol'
import { FramingError } from './errors.ts'

/** One JSON object (or bare `null`) off the wire. */
export interface Frame {
  readonly text: string
  /** What JSON.parse makes of the text. */
  readonly value: unknown
  /** The bytes as they came, only when they are not valid UTF-8 and the text therefore is not all there was. */
  readonly bytes?: Buffer
}

const newline = 10
const openBrace = 0x7b
const closeBrace = 0x7d
const letterN = 0x6e
const nothing: Buffer = Buffer.alloc(0)
/** From a chunk at least this long that ends inside of a request, more is sure to follow. */
const longChunk = 16 * 1024
/** Bytes whose scan is put off at most; one request of so many is rare, and many small ones must not look like it for long. */
const mostPutOff = 2 ** 20

/**
 * Cuts a byte stream into JSON objects, with a newline after each, any white space, or nothing at all between them.
 *
 * An object that one line or one chunk holds, which is nearly every one, is found by parsing it. The others are
 * gathered, and their end is found by a scanner that sees each byte once; long ones are not even scanned before
 * something that could be their end has come.
 */
export class Framer<Direct = never> {
  readonly #maxBytes: number
  readonly #direct: ((object: Buffer) => Direct | undefined) | undefined
  readonly #scanner = new JsonScanner()
  #chunk = nothing
  #at = 0
  /** Up to here in the chunk, no line or rest of a line is an object. */
  #failedUpTo = -1
  /** The bytes of a begun object that no longer are in the chunk; its first `#stored` bytes count. */
  #store = nothing
  #stored = 0
  #scanned = 0
  #lineFailed = false
  /** The last object was followed by another one on its line: then no newline will tell where this one ends. */
  #glued = false

  /**
   * `direct` is shown the bytes of each object first, as far as they are a guess also of more or less than one; what it
   * returns is given instead of a frame. It must be sure that they are JSON. The bytes are its own for the call only.
   */
  constructor(maxBytes: number, direct?: (object: Buffer) => Direct | undefined) {
    this.#maxBytes = maxBytes
    this.#direct = direct
  }

  /** Bytes held of an object that is not complete yet. */
  get pendingBytes(): number {
    return this.#stored
  }

  /** Takes the next bytes. Call it only when `next` has given undefined. */
  push(chunk: Buffer): void {
    this.#chunk = chunk
    this.#at = 0
    this.#failedUpTo = -1
  }

  /** Lets go of all bytes. Nothing may be pushed afterwards. */
  discard(): void {
    this.#chunk = nothing
    this.#store = nothing
    this.#at = 0
    this.#stored = 0
  }

  /**
   * The next object, undefined when more bytes are needed. With `settle`, bytes whose scan was put off are scanned.
   * @throws FramingError when the stream cannot be understood from here on.
   */
  next(settle = false): Frame | Direct | undefined {
    if (this.#stored === 0) {
      if (!this.#skipBlanks()) return undefined
      return this.#whole() ?? this.#begin(settle)
    }
    return this.#continue(settle)
  }

  #skipBlanks(): boolean {
    const chunk = this.#chunk
    while (this.#at < chunk.length && isBlank(chunk[this.#at])) this.#at++
    if (this.#at < chunk.length) return true
    this.#chunk = nothing
    this.#at = 0
    return false
  }

  /** The object that the rest of the line, or of the chunk, consists of. */
  #whole(): Frame | Direct | undefined {
    const chunk = this.#chunk
    if (chunk[this.#at] !== openBrace || this.#at < this.#failedUpTo) return undefined
    const lineEnd = chunk.indexOf(newline, this.#at)
    const stop = lineEnd < 0 ? chunk.length : lineEnd
    const end = endOfLine(chunk, stop)
    const frame = chunk[end - 1] === closeBrace ? this.#frame(chunk.subarray(this.#at, end)) : undefined
    if (frame === undefined) {
      this.#failedUpTo = stop
      return undefined
    }
    this.#at = stop
    if (lineEnd >= 0) this.#glued = false
    return frame
  }

  /** The object that begins here, however it is laid out; keeps its bytes when its end is not there yet. */
  #begin(settle: boolean): Frame | Direct | undefined {
    const chunk = this.#chunk
    const start = this.#at
    if (chunk[start] === letterN) {
      this.#keep()
      return this.#bareNull()
    }
    if (chunk[start] !== openBrace) throw new FramingError('malformed', 'it does not begin with an object')
    this.#scanner.reset()
    if (!settle && this.#mayWait()) {
      this.#keep()
      return undefined
    }
    const scan = this.#scanner.scan(chunk, start, chunk.length)
    if (scan.found === 'end') {
      this.#at = scan.at
      this.#noteGap(chunk, scan.at, chunk.length)
      return this.#parsed(chunk.subarray(start, scan.at))
    }
    if (scan.found === 'malformed') throw new FramingError('malformed', 'it is not JSON')
    this.#keep()
    this.#scanned = this.#stored
    return this.#incomplete()
  }

  /** Whether the scan of what came can be put off: no newline, no final brace, and long enough to be a part. */
  #mayWait(): boolean {
    // Put off, objects without newlines would pile up, and finding each would copy all that follow it.
    if (this.#glued) return false
    const chunk = this.#chunk
    const fresh = chunk.length - this.#at
    if (fresh < longChunk || this.#stored + fresh > Math.min(mostPutOff, this.#maxBytes)) return false
    return chunk.at(-1) !== closeBrace && chunk.indexOf(newline, this.#at) < 0
  }

  #incomplete(): undefined {
    if (this.#stored > this.#maxBytes) throw this.#tooLarge()
  }

  #continue(settle: boolean): Frame | Direct | undefined {
    const fresh = this.#chunk.length - this.#at
    if (fresh === 0 && !(settle && this.#scanned < this.#stored)) return undefined
    if (this.#store[0] === letterN) {
      this.#keep()
      return this.#bareNull()
    }
    const before = this.#stored
    const wait = !settle && this.#mayWait()
    this.#keep()
    if (wait) return undefined
    const line = this.#completedLine(before)
    if (line !== undefined) return line
    const scan = this.#scanner.scan(this.#store, this.#scanned, this.#stored)
    if (scan.found === 'malformed') throw new FramingError('malformed', 'it is not JSON')
    this.#scanned = this.#stored
    if (scan.found === 'more') return this.#incomplete()
    this.#noteGap(this.#store, scan.at, this.#stored)
    return this.#parsed(this.#takeStored(scan.at))
  }

  /** The object that the bytes gathered so far are up to their first newline, if that is at or after `from`. */
  #completedLine(from: number): Frame | Direct | undefined {
    if (this.#lineFailed) return undefined
    const lineEnd = this.#store.subarray(0, this.#stored).indexOf(newline, from)
    if (lineEnd < 0) return undefined
    const end = endOfLine(this.#store, lineEnd)
    const frame = this.#store[end - 1] === closeBrace ? this.#frame(this.#store.subarray(0, end)) : undefined
    if (frame === undefined) {
      this.#lineFailed = true
      return undefined
    }
    this.#takeStored(lineEnd)
    this.#glued = false
    return frame
  }

  /** Looks at what follows an object that ends at `end`. */
  #noteGap(bytes: Buffer, end: number, stop: number): void {
    let at = end
    while (at < stop && bytes[at] !== newline && isBlank(bytes[at])) at++
    if (at < stop) this.#glued = bytes[at] !== newline
  }

  #bareNull(): Frame | undefined {
    const word = this.#store.toString('latin1', 0, Math.min(this.#stored, 4))
    if (!'null'.startsWith(word)) throw new FramingError('malformed', 'it does not begin with an object')
    if (word.length < 4) return undefined
    this.#takeStored(4)
    return { text: 'null', value: null }
  }

  /** Moves the rest of the chunk to the store. */
  #keep(): void {
    const rest = this.#chunk.subarray(this.#at)
    const length = this.#stored + rest.length
    if (length > this.#store.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, 2 * this.#store.length))
      this.#store.copy(larger, 0, 0, this.#stored)
      this.#store = larger
    }
    rest.copy(this.#store, this.#stored)
    this.#stored = length
    this.#at = this.#chunk.length
  }

  /** Takes the stored object that ends at `end`; what is stored after it becomes the chunk. */
  #takeStored(end: number): Buffer {
    const taken = this.#store.subarray(0, end)
    this.push(this.#store.subarray(end, this.#stored))
    this.#store = nothing
    this.#stored = 0
    this.#scanned = 0
    this.#lineFailed = false
    return taken
  }

  #parsed(bytes: Buffer): Frame | Direct {
    if (bytes.length > this.#maxBytes) throw this.#tooLarge()
    const frame = this.#frame(bytes)
    if (frame === undefined) throw new FramingError('malformed', 'it is not JSON')
    return frame
  }

  /** Undefined when the bytes are not one object, or too many to be worth the guess. */
  #frame(bytes: Buffer): Frame | Direct | undefined {
    if (bytes.length > this.#maxBytes) return undefined
    const direct = this.#direct?.(bytes)
    if (direct !== undefined) return direct
    const text = textOfUtf8(bytes)
    try {
      const value = JSON.parse(text) as unknown
      return text.includes('\ufffd') && !isUtf8(bytes) ? { text, value, bytes } : { text, value }
    } catch {
      return undefined // the caller knows whether that was a guess or is an error
    }
  }

  #tooLarge(): FramingError {
    return new FramingError('tooLarge', `it is larger than ${this.#maxBytes} bytes`)
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === 32 || byte === newline || byte === 13 || byte === 9
}

/** Just past the last byte before `stop` that is not blank. */
function endOfLine(bytes: Buffer, stop: number): number {
  let end = stop
  while (end > 0 && isBlank(bytes[end - 1])) end--
  return end
}
