import { BitReader, BitWriter } from './bits.ts'
import { readDouble, readVarint, unzigzag, varintEnd, writeDouble, writeVarint, zigzag } from './numbers.ts'
import { decodeXor, encodeXor } from './xor.ts'

/**
 * One block: the values of one series on an implicit grid of times, NaN where there is none.
 * Lossless for every double, -0 and the infinities included. The first byte tells the form, its top bit that a
 * bitmap of the present values follows. The forms, cheapest first: nothing, one integer, one double, integers
 * (after a decimal or a step-sized multiplier) as differences packed to equal bits or as variable-length numbers,
 * XOR with the value before, plain doubles.
 */
const form = { empty: 0, sameInteger: 1, sameDouble: 2, packed: 3, varying: 4, xor: 5, plain: 6 } as const
const sparse = 0x80

/** What values are multiplied with to become integers; division by it must give the very same double back. */
const multipliers = [1, 10, 100, 1000, 5, 60, 20, 300, 3600, 10000]
/** Twice this is still exact, which the zigzag form of a base needs. */
const largestInteger = 2 ** 52 - 1

/** The most bytes a block of `count` values can take. */
export function largestBlock(count: number): number {
  return 64 + Math.ceil(count / 8) + 10 * count
}

const writer = new BitWriter()
const reader = new BitReader()
let present = new Float64Array(2048)
let differences = new Float64Array(2048)

/** Writes `count` values starting at `values[offset]` to `out` at `position`; the position after them. */
export function encodeBlock(
  out: Uint8Array,
  position: number,
  values: Float64Array,
  offset: number,
  count: number,
): number {
  if (present.length < count) {
    present = new Float64Array(count * 2)
    differences = new Float64Array(count * 2)
  }
  let kept = 0
  for (let i = 0; i < count; i++) {
    const value = values[offset + i] ?? NaN
    if (value === value) present[kept++] = value
  }
  if (kept === 0) {
    out[position] = form.empty
    return position + 1
  }
  const at = position++
  const flag = kept < count ? sparse : 0
  if (flag !== 0) position = writeBitmap(out, position, values, offset, count)
  if (allSame(kept)) {
    const value = present[0] ?? 0
    if (value === (value | 0) && !Object.is(value, -0)) {
      out[at] = flag | form.sameInteger
      return writeVarint(out, position, zigzag(value))
    }
    out[at] = flag | form.sameDouble
    return writeDouble(out, position, value)
  }
  for (let m = 0; m < multipliers.length; m++) {
    const end = encodeIntegers(out, at, position, flag, m, kept)
    if (end > 0) return end
  }
  const end = encodeXor(out, position, present, kept)
  if (end - position < 8 * kept) {
    out[at] = flag | form.xor
    return end
  }
  out[at] = flag | form.plain
  for (let i = 0; i < kept; i++) position = writeDouble(out, position, present[i] ?? 0)
  return position
}

/** Reads a block of `count` values into the start of `out`; the position after it. */
export function decodeBlock(bytes: Uint8Array, position: number, out: Float64Array, count: number): number {
  const first = bytes[position++] ?? 0
  if (first === form.empty) {
    out.fill(NaN, 0, count)
    return position
  }
  const bitmap = position
  let kept = count
  if ((first & sparse) !== 0) {
    kept = 0
    for (let i = 0; i < count; i++) kept += ((bytes[bitmap + (i >> 3)] ?? 0) >> (i & 7)) & 1
    position += (count + 7) >> 3
  }
  const end = decodePresent(bytes, position, first & ~sparse, out, kept)
  if ((first & sparse) !== 0) {
    let from = kept - 1
    for (let i = count - 1; i >= 0; i--)
      out[i] = ((bytes[bitmap + (i >> 3)] ?? 0) >> (i & 7)) & 1 ? (out[from--] ?? NaN) : NaN
  }
  return end
}

function decodePresent(bytes: Uint8Array, position: number, how: number, out: Float64Array, kept: number): number {
  switch (how) {
    case form.sameInteger: {
      const coded = readVarint(bytes, position)
      out.fill(unzigzag(coded), 0, kept)
      return varintEnd
    }
    case form.sameDouble:
      out.fill(readDouble(bytes, position), 0, kept)
      return position + 8
    case form.packed: {
      const multiplier = multipliers[bytes[position] ?? 0] ?? 1
      const bits = bytes[position + 1] ?? 0
      let integer = unzigzag(readVarint(bytes, position + 2))
      reader.start(bytes, varintEnd)
      out[0] = integer / multiplier
      for (let i = 1; i < kept; i++) {
        integer += unzigzag(reader.get(bits))
        out[i] = integer / multiplier
      }
      return reader.finish()
    }
    case form.varying: {
      const multiplier = multipliers[bytes[position] ?? 0] ?? 1
      let integer = unzigzag(readVarint(bytes, position + 1))
      out[0] = integer / multiplier
      for (let i = 1; i < kept; i++) {
        integer += unzigzag(readVarint(bytes, varintEnd))
        out[i] = integer / multiplier
      }
      return varintEnd
    }
    case form.xor:
      return decodeXor(bytes, position, out, kept)
    case form.plain:
      for (let i = 0; i < kept; i++) out[i] = readDouble(bytes, position + 8 * i)
      return position + 8 * kept
    default:
      throw new Error(`Cannot decode a block: form ${how} is unknown`)
  }
}

/** Zero when these values are no integers under this multiplier. */
function encodeIntegers(out: Uint8Array, at: number, position: number, flag: number, m: number, kept: number): number {
  const multiplier = multipliers[m] ?? 1
  let base = 0
  let previous = 0
  let widest = 0
  let varyingBytes = 0
  for (let i = 0; i < kept; i++) {
    const value = present[i] ?? 0
    const integer = Math.round(value * multiplier)
    if (integer / multiplier !== value || Math.abs(integer) > largestInteger) return 0
    if (integer === 0 && Object.is(value, -0)) return 0
    if (i === 0) base = integer
    else {
      const coded = zigzag(integer - previous)
      if (coded > 0xffffffff) return 0
      differences[i] = coded
      if (coded > widest) widest = coded
      varyingBytes += coded < 0x80 ? 1 : coded < 0x4000 ? 2 : coded < 0x200000 ? 3 : coded < 0x10000000 ? 4 : 5
    }
    previous = integer
  }
  const bits = 32 - Math.clz32(widest)
  const packedBytes = 1 + (((kept - 1) * bits + 7) >> 3)
  if (packedBytes <= varyingBytes) {
    out[at] = flag | form.packed
    out[position++] = m
    out[position++] = bits
    writer.start(out, writeVarint(out, position, zigzag(base)))
    for (let i = 1; i < kept; i++) writer.put(differences[i] ?? 0, bits)
    return writer.finish()
  }
  out[at] = flag | form.varying
  out[position++] = m
  position = writeVarint(out, position, zigzag(base))
  for (let i = 1; i < kept; i++) position = writeVarint(out, position, differences[i] ?? 0)
  return position
}

function writeBitmap(out: Uint8Array, position: number, values: Float64Array, offset: number, count: number): number {
  let byte = 0
  for (let i = 0; i < count; i++) {
    const value = values[offset + i] ?? NaN
    if (value === value) byte |= 1 << (i & 7)
    if ((i & 7) === 7) {
      out[position++] = byte
      byte = 0
    }
  }
  if ((count & 7) !== 0) out[position++] = byte
  return position
}

function allSame(kept: number): boolean {
  const first = present[0] ?? 0
  for (let i = 1; i < kept; i++) if (present[i] !== first) return false
  // Zero and minus zero compare equal but are different doubles.
  if (first === 0) for (let i = 1; i < kept; i++) if (!Object.is(present[i], first)) return false
  return true
}
