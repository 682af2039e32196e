/** What the bytes of a JSON text are, as far as the usual items need. Each function gives -1 for what is not usual. */

const quote = 0x22
const backslash = 0x5c
const zero = 0x30
const nine = 0x39
const minus = 0x2d
const dot = 0x2e
/** Digits that a double holds exactly, whatever they are. */
const exactDigits = 15
const powersOfTen = Float64Array.from({ length: exactDigits + 1 }, (_, i) => 10 ** i)

/** Past the blanks that `json.dumps` writes; other blanks are not usual. */
export function skipSpaces(bytes: Uint8Array, at: number): number {
  while (bytes[at] === 0x20) at++
  return at
}

/** The closing quote of the text that begins at `at`, if it is plain ASCII without escapes. */
export function endOfText(bytes: Uint8Array, at: number): number {
  for (; at < bytes.length; at++) {
    const byte = bytes[at] as number
    if (byte === quote) return at
    if (byte < 0x20 || byte > 0x7e || byte === backslash) return -1
  }
  return -1
}

/** The closing quote of the text at `at` if it is just this one. */
export function endIfText(bytes: Uint8Array, at: number, text: string): number {
  const { length } = text
  if (bytes[at + length] !== quote) return -1
  for (let i = 0; i < length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return -1
  return at + length
}

/** What `readNumber` and `readInteger` read last. */
export const read = { number: 0 }

/** Past the whole number at `at`, which has at most 15 digits. */
export function readInteger(bytes: Uint8Array, at: number): number {
  const negative = bytes[at] === minus
  const start = negative ? at + 1 : at
  let end = start
  let value = 0
  for (let byte = bytes[end] as number; byte >= zero && byte <= nine; byte = bytes[++end] as number)
    value = value * 10 + (byte - zero)
  if (end === start || end - start > exactDigits || (bytes[start] === zero && end - start > 1)) return -1
  read.number = negative ? -value : value
  return isEndOfNumber(bytes[end]) ? end : -1
}

/**
 * Past the JSON number at `at`. At most 15 digits are an exact double, and so is a power of ten up to 10^22, so that one
 * division rounds as it should; anything longer, or with an exponent, is left to `Number`.
 */
export function readNumber(bytes: Buffer, at: number): number {
  const negative = bytes[at] === minus
  const start = negative ? at + 1 : at
  let end = start
  let digits = 0
  for (let byte = bytes[end] as number; byte >= zero && byte <= nine; byte = bytes[++end] as number)
    digits = digits * 10 + (byte - zero)
  const whole = end - start
  if (whole === 0 || (bytes[start] === zero && whole > 1)) return -1
  let decimals = 0
  if (bytes[end] === dot) {
    end++
    for (let byte = bytes[end] as number; byte >= zero && byte <= nine; byte = bytes[++end] as number) {
      digits = digits * 10 + (byte - zero)
      decimals++
    }
    if (decimals === 0) return -1
  }
  if (whole + decimals <= exactDigits && isEndOfNumber(bytes[end])) {
    const value = decimals === 0 ? digits : digits / (powersOfTen[decimals] as number)
    read.number = negative ? -value : value
    return end
  }
  return readLongNumber(bytes, at, end)
}

const exponent = /^[eE][+-]?\d+$/

/** `end` is past the last decimal. */
function readLongNumber(bytes: Buffer, at: number, end: number): number {
  let past = end
  while (past < bytes.length && !isEndOfNumber(bytes[past])) past++
  if (past > end && !exponent.test(bytes.toString('latin1', end, past))) return -1
  read.number = Number(bytes.toString('latin1', at, past))
  // Falcon: too large for a double is an error of the whole call.
  return Number.isFinite(read.number) ? past : -1
}

function isEndOfNumber(byte: number | undefined): boolean {
  return byte === 0x2c || byte === 0x7d || byte === 0x5d || byte === 0x20
}
