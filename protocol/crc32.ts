const table = Int32Array.from({ length: 256 }, (_, n) => {
  let c = n
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
  return c
})

/** CRC-32 (IEEE) of a text's UTF-8 bytes, as an unsigned number. Short ASCII keys are faster here than through zlib. */
export function crc32(text: string): number {
  let c = -1
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 127) return crc32OfBytes(Buffer.from(text))
    c = (table[(c ^ code) & 255] ?? 0) ^ (c >>> 8)
  }
  return (c ^ -1) >>> 0
}

/** CRC-32 (IEEE) of bytes, as an unsigned number. */
export function crc32OfBytes(bytes: Uint8Array): number {
  let c = -1
  for (const byte of bytes) c = (table[(c ^ byte) & 255] ?? 0) ^ (c >>> 8)
  return (c ^ -1) >>> 0
}
