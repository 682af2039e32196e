/** What a scan found: `end` is just past the value, `more` bytes are needed, or the bytes cannot become JSON. */
export type Scan =
  | { readonly found: 'end'; readonly at: number }
  | { readonly found: 'more' }
  | { readonly found: 'malformed' }

/** Nesting that Go's decoder refuses. */
const maxDepth = 10_000

const more: Scan = { found: 'more' }
const malformed: Scan = { found: 'malformed' }

// What may come next, white space aside.
const beginObject = 0
const nameOrEnd = 1
const name = 2
const colon = 3
const value = 4
const valueOrEnd = 5
const commaOrEnd = 6
const inScalar = 7
const inText = 8

const blank = 1
const scalar = 2

const kindOfByte = new Uint8Array(256)
for (const character of ' \t\r\n') kindOfByte[character.charCodeAt(0)] = blank
for (const character of '+-.0123456789Eaeflnrstu') kindOfByte[character.charCodeAt(0)] = scalar

const quote = 34
const backslash = 92

/**
 * Finds the end of a JSON object or array in bytes that arrive piece by piece, each byte looked at once, and notices as
 * early as Go's decoder that brackets, names, colons and commas are not where they belong. What literals and texts
 * hold is left to JSON.parse, which sees the whole value in the end.
 */
export class JsonScanner {
  #state = beginObject
  /** Whether the text being read is a member's name; otherwise it is a value. */
  #isName = false
  #escaped = false
  /** Open brackets, outermost first: true for an object. */
  readonly #open: boolean[] = []

  reset(): void {
    this.#state = beginObject
    this.#escaped = false
    this.#open.length = 0
  }

  /** Reads on from `from`; the first byte after a reset begins the value. */
  scan(bytes: Buffer, from: number, to: number): Scan {
    let i = from
    while (i < to) {
      if (this.#state === inText) {
        i = this.#skipText(bytes, i, to)
        continue
      }
      const byte = bytes[i] ?? 0
      const kind = kindOfByte[byte]
      i++
      if (kind === blank) {
        if (this.#state === inScalar) this.#state = commaOrEnd
      } else if (kind === scalar) {
        if (this.#state === value || this.#state === valueOrEnd) this.#state = inScalar
        else if (this.#state !== inScalar) return malformed
      } else {
        if (!this.#punctuation(byte)) return malformed
        if (this.#open.length === 0) return { found: 'end', at: i }
      }
    }
    return more
  }

  /** Takes a byte that is neither blank nor part of a literal; false when it may not stand here. */
  #punctuation(byte: number): boolean {
    const state = this.#state
    const mayBegin = state === value || state === valueOrEnd
    switch (byte) {
      case quote:
        this.#isName = state === name || state === nameOrEnd
        this.#state = inText
        return this.#isName || mayBegin
      case 0x7b:
      case 0x5b:
        return (mayBegin || state === beginObject) && this.#enter(byte === 0x7b)
      case 0x7d:
        return (state === nameOrEnd || state === commaOrEnd || state === inScalar) && this.#leave(true)
      case 0x5d:
        return (state === valueOrEnd || state === commaOrEnd || state === inScalar) && this.#leave(false)
      case 0x3a:
        this.#state = value
        return state === colon
      case 0x2c:
        this.#state = this.#open.at(-1) === true ? name : value
        return state === commaOrEnd || state === inScalar
      default:
        return false
    }
  }

  #enter(isObject: boolean): boolean {
    this.#open.push(isObject)
    this.#state = isObject ? nameOrEnd : valueOrEnd
    return this.#open.length <= maxDepth
  }

  #leave(isObject: boolean): boolean {
    this.#state = commaOrEnd
    return this.#open.pop() === isObject
  }

  /** Up to just past the text's closing quote, or `to`. */
  #skipText(bytes: Buffer, from: number, to: number): number {
    for (let i = from; i < to; i++) {
      const byte = bytes[i]
      if (this.#escaped) this.#escaped = false
      else if (byte === backslash) this.#escaped = true
      else if (byte === quote) {
        this.#state = this.#isName ? colon : commaOrEnd
        return i + 1
      }
    }
    return to
  }
}
