import type { FileHandle } from 'node:fs/promises'
import type { Ask } from '../host/file-walks.ts'

export interface LinesRead {
  /** Behind the last line that was looked through. */
  readonly offset: number
  readonly inLongLine: boolean
}

/** Read at once. A longer line is looked through as far as this and its rest passed over. */
const chunkBytes = 131_072

const newline = 0x0a

/**
 * Gives `take` all complete lines between `from` and `to`, many at a time, each ended by a line feed. A line that is not
 * complete is left for later, unless `isFinal` says that nothing will come after it.
 */
export async function readLines(
  handle: Pick<FileHandle, 'read'>,
  { from, to, isFinal, ask }: { from: LinesRead; to: number; isFinal: boolean; ask: Ask },
  take: (lines: Buffer) => void,
): Promise<LinesRead> {
  const chunk = Buffer.alloc(Math.min(chunkBytes, Math.max(0, to - from.offset)))
  let { offset, inLongLine } = from
  while (offset < to) {
    const at = offset
    const { bytesRead } = await ask(() => handle.read(chunk, 0, Math.min(chunk.length, to - at), at))
    if (bytesRead === 0) break
    const read = chunk.subarray(0, bytesRead)
    const isLast = offset + bytesRead >= to
    const end = read.lastIndexOf(newline) + 1
    if (end > 0) {
      const begin = inLongLine ? read.indexOf(newline) + 1 : 0
      if (end > begin) take(read.subarray(begin, end))
      offset += end
      inLongLine = false
    } else if (isLast && !(isFinal || bytesRead === chunkBytes)) {
      break
    } else {
      if (!inLongLine) take(read)
      offset += bytesRead
      inLongLine = true
    }
  }
  return { offset, inLongLine }
}
