import type { Memory, WindowsHost } from '../../host/windows/host.ts'
import { gauge } from '../collector.ts'
import type { CollectedSample, Collector } from '../collector.ts'
import { hasLinuxNames } from './names.ts'
import type { WindowsNames } from './names.ts'

export function createMemoryCollector(host: Pick<WindowsHost, 'memory'>, names: WindowsNames): Collector {
  return { name: 'memory', collect: async () => memorySamples(await host.memory(), names) }
}

/**
 * All of `mem.*`, in bytes and percent. Falcon: on Windows swap is what programs were promised, of all that memory and
 * page files can hold: where that ends, programs fail, whatever the page file is used for.
 */
export function memorySamples(memory: Memory, names: WindowsNames): CollectedSample[] {
  const { total, available, committed, commitLimit } = memory
  const used = total - available
  const shares = [
    gauge('mem.memused.percent', percent(used, total)),
    gauge('mem.swapused.percent', percent(committed, commitLimit)),
  ]
  if (!hasLinuxNames(names)) return shares
  return [
    ...shares,
    gauge('mem.memtotal', total),
    gauge('mem.memused', used),
    gauge('mem.memfree', available),
    gauge('mem.memfree.percent', percent(available, total)),
    gauge('mem.swaptotal', commitLimit),
    gauge('mem.swapused', committed),
    gauge('mem.swapfree', commitLimit - committed),
    gauge('mem.swapfree.percent', percent(commitLimit - committed, commitLimit)),
  ]
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole
}
