import { BitReader, BitWriter } from './bits.ts'

const double = new Float64Array(1)
const doubleWords = new Uint32Array(double.buffer)
const writer = new BitWriter()
const reader = new BitReader()

/** Writes the first `count` values, each as its difference in bits to the one before; the position after them. */
export function encodeXor(out: Uint8Array, position: number, values: Float64Array, count: number): number {
  double[0] = values[0] ?? 0
  let low = doubleWords[0] ?? 0
  let high = doubleWords[1] ?? 0
  writer.start(out, position)
  writer.put(high, 32)
  writer.put(low, 32)
  let leading = -1
  let trailing = 0
  for (let i = 1; i < count; i++) {
    double[0] = values[i] ?? 0
    const nextLow = doubleWords[0] ?? 0
    const nextHigh = doubleWords[1] ?? 0
    const xorHigh = nextHigh ^ high
    const xorLow = nextLow ^ low
    high = nextHigh
    low = nextLow
    if ((xorHigh | xorLow) === 0) {
      writer.put(0, 1)
      continue
    }
    const zerosBefore = Math.min(31, xorHigh !== 0 ? Math.clz32(xorHigh) : 32)
    const zerosAfter = xorLow !== 0 ? trailingZeros(xorLow) : 32 + trailingZeros(xorHigh)
    if (leading >= 0 && zerosBefore >= leading && zerosAfter >= trailing) writer.put(2, 2)
    else {
      leading = zerosBefore
      trailing = zerosAfter
      writer.put(3, 2)
      writer.put(leading, 5)
      writer.put(63 - leading - trailing, 6)
    }
    const bits = 64 - leading - trailing
    if (trailing >= 32) writer.put(xorHigh >>> (trailing - 32), bits)
    else {
      const shiftedLow = trailing === 0 ? xorLow : (xorLow >>> trailing) | (xorHigh << (32 - trailing))
      if (bits > 32) {
        writer.put(trailing === 0 ? xorHigh : xorHigh >>> trailing, bits - 32)
        writer.put(shiftedLow, 32)
      } else writer.put(shiftedLow, bits)
    }
  }
  return writer.finish()
}

/** Reads `count` values into the start of `out`; the position after them. */
export function decodeXor(bytes: Uint8Array, position: number, out: Float64Array, count: number): number {
  reader.start(bytes, position)
  let high = reader.get(32)
  let low = reader.get(32)
  let bits = 0
  let trailing = 0
  for (let i = 0; i < count; i++) {
    if (i > 0 && reader.get(1) === 1) {
      if (reader.get(1) === 1) {
        const leading = reader.get(5)
        bits = reader.get(6) + 1
        trailing = 64 - leading - bits
      }
      const upper = bits > 32 ? reader.get(bits - 32) : 0
      const lower = reader.get(Math.min(bits, 32))
      if (trailing >= 32) high ^= lower << (trailing - 32)
      else {
        low ^= lower << trailing
        high ^= trailing === 0 ? upper : (upper << trailing) | (lower >>> (32 - trailing))
      }
    }
    doubleWords[0] = low
    doubleWords[1] = high
    out[i] = double[0] ?? NaN
  }
  return reader.finish()
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word)
}
