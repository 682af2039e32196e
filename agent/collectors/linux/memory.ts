import type { LinuxHost, Memory } from '../../host/linux/host.ts'
import { gauge } from '../collector.ts'
import type { CollectedSample, Collector } from '../collector.ts'

export function createMemoryCollector(host: Pick<LinuxHost, 'memory'>): Collector {
  return { name: 'memory', collect: async () => memorySamples(await host.memory()) }
}

/** All of `mem.*`, in bytes and percent. */
export function memorySamples(memory: Memory): CollectedSample[] {
  const { total, free, used } = memoryUse(memory)
  const swapUsed = memory.swapTotal - memory.swapFree
  return [
    gauge('mem.memtotal', total),
    gauge('mem.memused', used),
    gauge('mem.memfree', free),
    gauge('mem.swaptotal', memory.swapTotal),
    gauge('mem.swapused', swapUsed),
    gauge('mem.swapfree', memory.swapFree),
    gauge('mem.memfree.percent', percent(free, total)),
    gauge('mem.memused.percent', percent(used, total)),
    gauge('mem.swapfree.percent', percent(memory.swapFree, memory.swapTotal)),
    gauge('mem.swapused.percent', percent(swapUsed, memory.swapTotal)),
  ]
}

/** Bytes; free is what programs could still get: what the kernel estimates, else free pages and those of files. */
export function memoryUse(memory: Memory): { total: number; free: number; used: number } {
  const { total, available } = memory
  const free = available === undefined || available === 0 ? memory.free + memory.buffers + memory.cached : available
  return { total, free, used: total - free }
}

// Falcon: of nothing, every share is 0, so hosts without swap have 0 % of it free.
function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole
}
