import { gzipSync } from 'node:zlib'

export interface ArchiveFile {
  /** At most 99 bytes, with `/` between folders. */
  readonly name: string
  readonly data: Buffer
}

const block = 512

/** The bytes of a `.tar.gz` of these files, all from the same moment, readable by their owner only. */
export function tarGz(files: readonly ArchiveFile[], atMs: number): Buffer {
  const parts = files.flatMap(({ name, data }) => [
    header(name, data.length, atMs),
    data,
    Buffer.alloc((block - (data.length % block)) % block),
  ])
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * block)]))
}

/** A ustar header: texts and octal numbers at fixed places. */
function header(name: string, size: number, atMs: number): Buffer {
  const bytes = Buffer.from(name)
  if (bytes.length > 99) throw new Error(`Cannot archive "${name}": its name is longer than 99 bytes`)
  const head = Buffer.alloc(block)
  const octal = (value: number, at: number, digits: number) => head.write(value.toString(8).padStart(digits, '0'), at)
  bytes.copy(head, 0)
  octal(0o600, 100, 7)
  octal(0, 108, 7)
  octal(0, 116, 7)
  octal(size, 124, 11)
  octal(Math.floor(atMs / 1000), 136, 11)
  head.write('        ', 148)
  head.write('0', 156)
  head.write('ustar\0' + '00', 257)
  const sum = head.reduce((total, byte) => total + byte, 0)
  octal(sum, 148, 6)
  head.write('\0 ', 154)
  return head
}
