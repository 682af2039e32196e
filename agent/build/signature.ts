/** Offsets of a Windows executable (PE32+). */
const headerAt = 0x3c
const optionalHeader = 24
const certificateEntry = optionalHeader + 112 + 4 * 8

/**
 * A Windows executable without the signature of who made it: with something put in it would be a broken one, which looks
 * worse than none. Anything else stays as it is.
 */
export function withoutSignature(file: Buffer): Buffer {
  if (file.toString('latin1', 0, 2) !== 'MZ') return file
  const entry = file.readUInt32LE(headerAt) + certificateEntry
  const at = file.readUInt32LE(entry)
  const size = file.readUInt32LE(entry + 4)
  if (size === 0) return file
  if (at + size !== file.length)
    throw new Error(`Cannot take the signature out of Node: it is at ${at}, not at the end of ${file.length} bytes`)
  const stripped = Buffer.from(file.subarray(0, at))
  stripped.writeBigUInt64LE(0n, entry)
  return stripped
}
