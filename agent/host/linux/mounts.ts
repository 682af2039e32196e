import type { BigIntStatsFs } from 'node:fs'
import type { FileSystem, Mount } from './host.ts'
import { words } from './text.ts'

/** /proc/mounts. Where several are mounted on the same point, only the last can be seen, so only that one is given. */
export function parseMounts(text: string): Mount[] {
  const visible = new Map<string, Mount>()
  for (const line of text.split('\n')) {
    const [source, mountPoint, type] = words(line)
    if (source === undefined || mountPoint === undefined || type === undefined) continue
    const mount = { source: unescaped(source), mountPoint: unescaped(mountPoint), type: unescaped(type) }
    visible.delete(mount.mountPoint)
    visible.set(mount.mountPoint, mount)
  }
  return [...visible.values()]
}

/** The kernel writes blank, tab, newline and backslash as a backslash and three octal digits, one for each byte. */
function unescaped(word: string): string {
  if (!word.includes('\\')) return word
  return word.replace(/(?:\\[0-7]{3})+/g, (escapes) =>
    Buffer.from(
      escapes
        .split('\\')
        .slice(1)
        .map((digits) => Number.parseInt(digits, 8)),
    ).toString(),
  )
}

/** Some file systems without a fixed number of inodes say that all 2^64 - 1 of them are free. */
const unlimited = 2n ** 64n - 1n

/** What statfs(2) answered. Products are made of big integers: bytes of large file systems pass 2^53 on the way. */
export function fileSystemFrom(stats: BigIntStatsFs): FileSystem {
  return {
    totalBytes: Number(stats.blocks * stats.bsize),
    freeBytes: Number(stats.bfree * stats.bsize),
    availableBytes: Number(stats.bavail * stats.bsize),
    totalInodes: Number(stats.files),
    freeInodes: stats.ffree === unlimited ? Number(stats.files) : Number(stats.ffree),
  }
}
