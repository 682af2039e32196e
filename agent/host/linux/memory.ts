import type { Memory } from './host.ts'
import { numberFrom, words } from './text.ts'

/** /proc/meminfo. Its `kB` are units of 1024 bytes. Kernels before 3.14 have no MemAvailable, those without swap no SwapTotal. */
export function parseMemory(text: string): Memory {
  const find = (name: string) => {
    const at = text.startsWith(`${name}:`) ? 0 : text.indexOf(`\n${name}:`) + 1
    if (at === 0 && !text.startsWith(`${name}:`)) return undefined
    const end = text.indexOf('\n', at)
    const line = text.slice(at + name.length + 1, end < 0 ? text.length : end)
    return numberFrom(words(line)[0], `${name} of /proc/meminfo`) * 1024
  }
  const total = find('MemTotal')
  const free = find('MemFree')
  if (total === undefined || free === undefined) {
    throw new Error('Cannot understand /proc/meminfo: it has no line "MemTotal" or no line "MemFree"')
  }
  return {
    total,
    free,
    available: find('MemAvailable'),
    buffers: find('Buffers') ?? 0,
    cached: find('Cached') ?? 0,
    swapTotal: find('SwapTotal') ?? 0,
    swapFree: find('SwapFree') ?? 0,
  }
}
