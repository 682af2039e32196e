/** Collects lines as bytes. Writing each as it comes costs less than joining strings and encoding the whole. */
export interface LineBuffer {
  add(line: string): void
  /** What was added, in a buffer of its own; the next text begins. */
  take(): Buffer
}

/** No character takes more bytes of UTF-8 for each of its UTF-16 units. */
const bytesPerUnit = 3

export function createLineBuffer(): LineBuffer {
  let bytes = Buffer.allocUnsafe(64 * 1024)
  let end = 0
  return {
    add(line) {
      const needed = end + line.length * bytesPerUnit
      if (needed > bytes.length) {
        const larger = Buffer.allocUnsafe(2 * needed)
        bytes.copy(larger, 0, 0, end)
        bytes = larger
      }
      end += bytes.write(line, end)
    },
    take() {
      const text = Buffer.from(bytes.subarray(0, end))
      end = 0
      return text
    },
  }
}
