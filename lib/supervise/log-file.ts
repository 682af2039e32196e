import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  truncateSync,
} from 'node:fs'

/**
 * Keeps a log that another process appends to below `maxBytes`: copies it to `<path>.1` (older copies move up to
 * `.<keep>`) and truncates it in place, since the writer keeps its file open. Returns whether it rotated.
 */
export function rotateLog(path: string, maxBytes: number, keep: number): boolean {
  if (!existsSync(path) || statSync(path).size <= maxBytes) return false
  for (let i = keep - 1; i >= 1; i--) if (existsSync(`${path}.${i}`)) renameSync(`${path}.${i}`, `${path}.${i + 1}`)
  copyFileSync(path, `${path}.1`)
  truncateSync(path, 0)
  return true
}

/** The last `count` lines of a file, reading at most its last 64 KiB; empty when there is no file. */
export function lastLines(path: string, count: number, fromByte = 0): string[] {
  if (!existsSync(path)) return []
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const start = Math.max(size - 65536, Math.min(fromByte, size))
    const bytes = Buffer.alloc(size - start)
    readSync(file, bytes, 0, bytes.length, start)
    return bytes
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .slice(-count)
  } finally {
    closeSync(file)
  }
}
