import { numberAt } from './bytes.ts'
import type { CpuTimes, Memory } from './host.ts'

/** Three FILETIMEs: idle, kernel, user. */
export function parseSystemTimes(bytes: Buffer): CpuTimes {
  const idle = numberAt(bytes, 0)
  return { idle, system: numberAt(bytes, 8) - idle, user: numberAt(bytes, 16) }
}

/** PERFORMANCE_INFORMATION, which counts in pages. */
export function parseMemory(bytes: Buffer): Memory {
  const pageSize = numberAt(bytes, 80)
  const pages = (offset: number) => numberAt(bytes, offset) * pageSize
  return { committed: pages(8), commitLimit: pages(16), total: pages(32), available: pages(40) }
}
