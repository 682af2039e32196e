import type { Disk, DiskReading, WindowsHost } from '../../host/windows/host.ts'
import { counter, gauge, hostTags } from '../collector.ts'
import type { CollectedSample, Collector } from '../collector.ts'
import { hasLinuxNames, hasOldNames } from './names.ts'
import type { WindowsNames } from './names.ts'

/** Counts of each disk, and from the second collection on the averages since the one before. */
export function createDiskIoCollector(host: Pick<WindowsHost, 'disks'>, names: WindowsNames): Collector {
  let previous: DiskReading | undefined
  return {
    name: 'disk.io',
    async collect() {
      const current = await host.disks()
      const samples = diskSamples(previous, current, names)
      previous = current
      return samples
    },
  }
}

export function diskSamples(
  previous: DiskReading | undefined,
  current: DiskReading,
  names: WindowsNames,
): CollectedSample[] {
  const before = new Map(previous?.disks.map((disk) => [disk.name, disk]))
  const elapsedMs = current.atMs - (previous?.atMs ?? current.atMs)
  return current.disks.flatMap((disk) => {
    const earlier = before.get(disk.name)
    return [
      ...(hasOldNames(names) ? windowsAgentCounters(disk) : []),
      ...(hasLinuxNames(names) ? linuxCounters(disk) : []),
      ...(hasLinuxNames(names) && earlier && elapsedMs > 0 ? averages(earlier, disk, elapsedMs, names) : []),
    ]
  })
}

function windowsAgentCounters(disk: Disk): CollectedSample[] {
  const tags = hostTags({ device: disk.name })
  return [
    counter('disk.io.read_count', disk.reads, tags),
    counter('disk.io.write_count', disk.writes, tags),
    counter('disk.io.read_bytes', disk.bytesRead, tags),
    counter('disk.io.write_bytes', disk.bytesWritten, tags),
    counter('disk.io.read_time', disk.readMs, tags),
    counter('disk.io.write_time', disk.writeMs, tags),
  ]
}

function linuxCounters(disk: Disk): CollectedSample[] {
  const tags = hostTags({ device: disk.name })
  return [
    counter('disk.io.read_requests', disk.reads, tags),
    counter('disk.io.read_sectors', disk.bytesRead / 512, tags),
    counter('disk.io.msec_read', disk.readMs, tags),
    counter('disk.io.write_requests', disk.writes, tags),
    counter('disk.io.write_sectors', disk.bytesWritten / 512, tags),
    counter('disk.io.msec_write', disk.writeMs, tags),
    // Falcon: a gauge by nature, but a counter on the wire.
    counter('disk.io.ios_in_progress', disk.queueLength, tags),
    counter('disk.io.msec_weighted_total', disk.readMs + disk.writeMs, tags),
  ]
}

/** Nothing when a count has fallen: another disk has this number now, or a 32-bit count began anew. */
function averages(earlier: Disk, disk: Disk, elapsedMs: number, names: WindowsNames): CollectedSample[] {
  const passed = (of: Exclude<keyof Disk, 'name'>) => disk[of] - earlier[of]
  const requests = passed('reads') + passed('writes')
  const bytes = passed('bytesRead') + passed('bytesWritten')
  const waitMs = passed('readMs') + passed('writeMs')
  if (Math.min(passed('reads'), passed('writes'), passed('bytesRead'), passed('bytesWritten'), waitMs) < 0) return []
  const busyMs = Math.min(elapsedMs, Math.max(0, elapsedMs - passed('idleMs')))
  const perRequest = (amount: number) => (requests === 0 ? 0 : amount / requests)
  const tags = hostTags({ device: disk.name })
  // A series has one type: beside the names of Windows-Agent these two remain the counters they are there. What is
  // stored and judged of either is bytes per second.
  const rates = hasOldNames(names)
    ? []
    : [
        gauge('disk.io.read_bytes', (passed('bytesRead') * 1000) / elapsedMs, tags),
        gauge('disk.io.write_bytes', (passed('bytesWritten') * 1000) / elapsedMs, tags),
      ]
  return [
    ...rates,
    gauge('disk.io.avgrq_sz', perRequest(bytes / 512), tags),
    gauge('disk.io.avgqu-sz', waitMs / elapsedMs, tags),
    gauge('disk.io.await', perRequest(waitMs), tags),
    gauge('disk.io.svctm', perRequest(busyMs), tags),
    gauge('disk.io.util', (100 * busyMs) / elapsedMs, tags),
  ]
}
