import type { Disk } from './host.ts'
import { numbersFrom, words } from './text.ts'

/**
 * /proc/diskstats, all of its lines but those of kernels before 2.6.25 for partitions, which hold four numbers only.
 * Columns for discards (4.18) and flushes (5.5) may follow.
 */
export function parseDiskStats(text: string): Disk[] {
  const found: Disk[] = []
  for (const line of text.split('\n')) {
    const columns = words(line)
    const name = columns[2]
    if (name === undefined || columns.length < 14) continue
    const numbers = numbersFrom(columns, 3, 11, '/proc/diskstats')
    const at = (i: number) => numbers[i] ?? 0
    found.push({
      name,
      readRequests: at(0),
      readMerged: at(1),
      readSectors: at(2),
      readMs: at(3),
      writeRequests: at(4),
      writeMerged: at(5),
      writeSectors: at(6),
      writeMs: at(7),
      inProgress: at(8),
      busyMs: at(9),
      weightedMs: at(10),
    })
  }
  return found
}
