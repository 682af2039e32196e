import type { Block } from './win32.ts'

/** UTF-16 up to a NUL, or to `end`. */
export function wideText(bytes: Buffer, start: number, end = bytes.length): string {
  let stop = start
  while (stop + 1 < end && bytes.readUInt16LE(stop) !== 0) stop += 2
  return bytes.toString('utf16le', start, stop)
}

/** 8 bytes as a number: exact up to 2^53, more than any size or time that Windows counts. */
export function numberAt(bytes: Buffer, offset: number): number {
  return Number(bytes.readBigUInt64LE(offset))
}

/** Where in a block the pointer at `offset` leads; undefined for a null pointer. */
export function follow({ bytes, address }: Block, offset: number): number | undefined {
  const pointer = bytes.readBigUInt64LE(offset)
  return pointer === 0n ? undefined : Number(pointer - address)
}
