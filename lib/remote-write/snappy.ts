/** Matches are looked for within blocks of this size, so that distances fit 16 bits. */
const blockSize = 65_536
const hashBits = 14
const table = new Uint16Array(1 << hashBits)

/** Compresses into the snappy block format. Repeated text costs little; what does not repeat grows by less than 1/60. */
export function compressSnappy(input: Buffer): Buffer {
  const output = Buffer.allocUnsafe(32 + input.length + Math.ceil(input.length / 6))
  let at = 0
  let rest = input.length
  for (; rest >= 0x80; rest >>>= 7) output[at++] = (rest & 0x7f) | 0x80
  output[at++] = rest
  for (let from = 0; from < input.length; from += blockSize)
    at = compressBlock(input, from, Math.min(input.length, from + blockSize), output, at)
  return output.subarray(0, at)
}

function compressBlock(input: Buffer, start: number, end: number, output: Buffer, outputAt: number): number {
  let at = outputAt
  let literalFrom = start
  table.fill(0)
  const lastMatch = end - 4
  // The first byte cannot be told from an empty entry of the table, so matches begin after it.
  let i = start + 1
  let misses = 32
  while (i <= lastMatch) {
    const four = wordAt(input, i)
    const slot = Math.imul(four, 0x1e35a7bd) >>> (32 - hashBits)
    const candidate = start + (table[slot] as number)
    table[slot] = i - start
    if (candidate === start || wordAt(input, candidate) !== four) {
      // The longer nothing repeats, the fewer places are tried.
      i += misses++ >> 5
      continue
    }
    misses = 32
    at = writeLiteral(input, literalFrom, i, output, at)
    let length = 4
    while (i + length < end && input[i + length] === input[candidate + length]) length++
    at = writeCopy(output, at, i - candidate, length)
    i += length
    literalFrom = i
  }
  return writeLiteral(input, literalFrom, end, output, at)
}

function wordAt(input: Buffer, i: number): number {
  return (
    (input[i] as number) |
    ((input[i + 1] as number) << 8) |
    ((input[i + 2] as number) << 16) |
    ((input[i + 3] as number) << 24)
  )
}

function writeLiteral(input: Buffer, from: number, to: number, output: Buffer, outputAt: number): number {
  const length = to - from
  if (length === 0) return outputAt
  let at = outputAt
  if (length <= 60) output[at++] = (length - 1) << 2
  else if (length <= 256) {
    output[at++] = 60 << 2
    output[at++] = length - 1
  } else {
    output[at++] = 61 << 2
    output[at++] = (length - 1) & 0xff
    output[at++] = (length - 1) >> 8
  }
  if (length > 32) input.copy(output, at, from, to)
  else for (let i = 0; i < length; i++) output[at + i] = input[from + i] as number
  return at + length
}

/** Copies are of 1 to 64 bytes; a short one that is near takes two bytes instead of three. */
function writeCopy(output: Buffer, outputAt: number, distance: number, total: number): number {
  let at = outputAt
  let length = total
  while (length > 0) {
    // What is left after 64 must not be shorter than the 4 bytes of the short form.
    const now = length >= 68 ? 64 : length > 64 ? 60 : length
    if (now >= 4 && now <= 11 && distance < 2048) {
      output[at++] = 1 | ((now - 4) << 2) | ((distance >> 8) << 5)
      output[at++] = distance & 0xff
    } else {
      output[at++] = 2 | ((now - 1) << 2)
      output[at++] = distance & 0xff
      output[at++] = distance >> 8
    }
    length -= now
  }
  return at
}
