import { read, readInteger, readNumber } from './scan-item.ts'

/**
 * The bytes of items as they came last, but for their values and times: nearly all items differ from the ones before in
 * nothing else, and comparing words of four bytes costs a quarter of looking at each. Kept off the heap, by number.
 */
export interface Templates {
  /**
   * Keeps the item from `start` to before `end`, with its holes; gives its number, `none` when it is too long to keep.
   * `former` is freed.
   */
  keep(view: DataView, item: ItemPlaces, former: number): number
  /** Past the item at `at` when it is this template's but for value and time, which are then in `filled`; otherwise -1. */
  fill(number: number, view: DataView, bytes: Buffer, at: number): number
  readonly filled: { value: number; timestamp: number }
  free(number: number): void
  /** Bytes held. */
  readonly bytes: number
}

/** Where the parts of an item begin and end. */
export interface ItemPlaces {
  start: number
  end: number
  valueStart: number
  valueEnd: number
  timestampStart: number
  timestampEnd: number
}

/** Number of no template. */
export const none = -1

/** Longest of the three parts around the holes: ten bits hold a length. */
const longestPart = 1023
const wordsPerPage = 2 ** 18
const timestampFirst = 2 ** 30

export function createTemplates(): Templates {
  const pages: Int32Array[] = []
  /** Places that were freed, by their words. */
  const freed = new Map<number, number[]>()
  const filled = { value: 0, timestamp: 0 }
  let next = 0

  function allocate(words: number): number {
    const again = freed.get(words)?.pop()
    if (again !== undefined) return again
    // A template lies in one page.
    if ((next % wordsPerPage) + words > wordsPerPage) next += wordsPerPage - (next % wordsPerPage)
    const number = next
    next += words
    if (pages.length * wordsPerPage < next) pages.push(new Int32Array(wordsPerPage))
    return number
  }

  function pageOf(number: number): Int32Array {
    return pages[Math.floor(number / wordsPerPage)] as Int32Array
  }

  function free(number: number): void {
    if (number === none) return
    const words = wordsOf(pageOf(number)[number % wordsPerPage] as number)
    const others = freed.get(words)
    if (others) others.push(number)
    else freed.set(words, [number])
  }

  return {
    filled,
    get bytes() {
      return pages.length * wordsPerPage * 4
    },
    keep(view, item, former) {
      const isTimestampFirst = item.timestampStart < item.valueStart
      const [firstStart, firstEnd] = isTimestampFirst
        ? [item.timestampStart, item.timestampEnd]
        : [item.valueStart, item.valueEnd]
      const [secondStart, secondEnd] = isTimestampFirst
        ? [item.valueStart, item.valueEnd]
        : [item.timestampStart, item.timestampEnd]
      const lengths = [firstStart - item.start, secondStart - firstEnd, item.end - secondEnd]
      const [a = 0, b = 0, c = 0] = lengths
      if (lengths.some((length) => length > longestPart) || item.end + 3 > view.byteLength) return former
      const header = (a | (b << 10) | (c << 20) | (isTimestampFirst ? timestampFirst : 0)) >> 0
      free(former)
      const number = allocate(wordsOf(header))
      const page = pageOf(number)
      let at = number % wordsPerPage
      page[at++] = header
      at = write(view, item.start, a, page, at)
      at = write(view, firstEnd, b, page, at)
      write(view, secondEnd, c, page, at)
      return number
    },
    fill(number, view, bytes, start) {
      const page = pageOf(number)
      let word = number % wordsPerPage
      const header = page[word++] as number
      const a = header & longestPart
      const b = (header >> 10) & longestPart
      const c = (header >> 20) & longestPart
      // The last word of a part is read whole, so there must be something behind the item, as in a call there is.
      const isFirst = (header & timestampFirst) !== 0
      if (!isSame(view, start, a, page, word)) return none
      word += (a + 3) >> 2
      let at = isFirst ? readInteger(bytes, start + a) : readNumber(bytes, start + a)
      if (at < 0) return none
      const first = read.number
      if (!isSame(view, at, b, page, word)) return none
      word += (b + 3) >> 2
      at = isFirst ? readNumber(bytes, at + b) : readInteger(bytes, at + b)
      if (at < 0 || !isSame(view, at, c, page, word)) return none
      filled.value = isFirst ? read.number : first
      filled.timestamp = isFirst ? first : read.number
      return at + c
    },
    free,
  }
}

function wordsOf(header: number): number {
  const partWords = (shift: number) => (((header >> shift) & longestPart) + 3) >> 2
  return 1 + partWords(0) + partWords(10) + partWords(20)
}

/** The bits of a part's last word that are its own, by the bytes of it in that word. */
const ownBits = [0, 0xff, 0xffff, 0xffffff]

function write(view: DataView, at: number, length: number, page: Int32Array, word: number): number {
  for (let left = length; left > 0; left -= 4, at += 4)
    page[word++] = view.getInt32(at, true) & (left < 4 ? (ownBits[left] as number) : -1)
  return word
}

function isSame(view: DataView, at: number, length: number, page: Int32Array, word: number): boolean {
  const whole = at + (length & ~3)
  if (whole + 4 > view.byteLength) return false
  for (; at < whole; at += 4) if (view.getInt32(at, true) !== page[word++]) return false
  return (length & 3) === 0 || (view.getInt32(at, true) & (ownBits[length & 3] as number)) === page[word]
}
