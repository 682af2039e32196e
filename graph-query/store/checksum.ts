import zlib from 'node:zlib'

const table = Int32Array.from({ length: 256 }, (_, n) => {
  let c = n
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
  return c
})

/** Below this many bytes the call into zlib costs more than it saves. */
const shortBlock = 96

/**
 * CRC-32 (IEEE) of `bytes[start, end)`, continuing from `seed`: a block's checksum starts with what the block
 * belongs to, so that a sound block in a wrong place is found out too.
 */
export function checksumOf(bytes: Uint8Array, start: number, end: number, seed: number): number {
  // zlib.crc32 came with Node 20.15.
  if (end - start >= shortBlock && typeof zlib.crc32 === 'function') return zlib.crc32(bytes.subarray(start, end), seed)
  let c = ~seed
  for (let i = start; i < end; i++) c = (table[(c ^ (bytes[i] ?? 0)) & 255] ?? 0) ^ (c >>> 8)
  return ~c >>> 0
}
