const double = new Float64Array(1)
const doubleBytes = new Uint8Array(double.buffer)

/** Integers of either sign become natural numbers, small ones staying small. Exact to 2^52 - 1. */
export function zigzag(integer: number): number {
  return integer < 0 ? -2 * integer - 1 : 2 * integer
}

export function unzigzag(coded: number): number {
  return coded % 2 === 0 ? coded / 2 : -(coded + 1) / 2
}

/** Where the number that `readVarint` read last ends. */
export let varintEnd = 0

export function writeVarint(out: Uint8Array, position: number, value: number): number {
  while (value >= 128) {
    out[position++] = (value % 128) | 128
    value = Math.floor(value / 128)
  }
  out[position++] = value
  return position
}

export function readVarint(bytes: Uint8Array, position: number): number {
  let value = 0
  let scale = 1
  let byte: number
  do {
    byte = bytes[position++] ?? 0
    value += (byte & 127) * scale
    scale *= 128
  } while (byte >= 128)
  varintEnd = position
  return value
}

export function writeDouble(out: Uint8Array, position: number, value: number): number {
  double[0] = value
  out.set(doubleBytes, position)
  return position + 8
}

export function readDouble(bytes: Uint8Array, position: number): number {
  for (let i = 0; i < 8; i++) doubleBytes[i] = bytes[position + i] ?? 0
  return double[0] ?? NaN
}
