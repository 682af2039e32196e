import type { Disk, DiskReading, LinuxHost } from '../../host/linux/host.ts'
import { counter, gauge, hostTags } from '../collector.ts'
import type { CollectedSample, Collector } from '../collector.ts'

/** Counts of each disk, and from the second collection on the averages since the one before. */
export function createDiskIoCollector(host: Pick<LinuxHost, 'disks'>): Collector {
  let previous: DiskReading | undefined
  return {
    name: 'disk.io',
    async collect() {
      const current = await host.disks()
      const samples = diskSamples(previous, current)
      previous = current
      return samples
    },
  }
}

export function diskSamples(previous: DiskReading | undefined, current: DiskReading): CollectedSample[] {
  const before = new Map(previous?.disks.map((disk) => [disk.name, disk]))
  const elapsedMs = current.atMs - (previous?.atMs ?? current.atMs)
  return current.disks.filter(isWorthSending).flatMap((disk) => {
    const earlier = before.get(disk.name)
    const averages = earlier && elapsedMs > 0 ? diskAverages(earlier, disk, elapsedMs) : []
    return [...diskCounters(disk), ...averages]
  })
}

/** Falcon: a device that was never read (loop devices, RAM disks, empty drives) is left out. */
export function isWorthSending(disk: Disk): boolean {
  return disk.readRequests > 0 && isDisk(disk.name)
}

/** `sda`, `vdb`: what Open-Falcon keeps, which by accident includes partitions 5 to 9. */
const short = /^[sv]d[^1-4]{0,2}$/
/** Whole disks beyond those: `sdaaa`, old IDE disks, device mapper, software RAID and memory cards without their partitions. */
const whole = /^(?:(?:sd|vd|hd)[a-z]+|dm-\d+|md\d+|mmcblk\d+)$/
/** Kept with all their partitions, as Open-Falcon does. */
const prefixes = ['xvd', 'fio', 'nvme', 'nbd']

export function isDisk(name: string): boolean {
  return (
    short.test(name) || whole.test(name) || (name.length >= 4 && prefixes.some((prefix) => name.startsWith(prefix)))
  )
}

function diskCounters(disk: Disk): CollectedSample[] {
  const tags = hostTags({ device: disk.name })
  return [
    counter('disk.io.read_requests', disk.readRequests, tags),
    counter('disk.io.read_merged', disk.readMerged, tags),
    counter('disk.io.read_sectors', disk.readSectors, tags),
    counter('disk.io.msec_read', disk.readMs, tags),
    counter('disk.io.write_requests', disk.writeRequests, tags),
    counter('disk.io.write_merged', disk.writeMerged, tags),
    counter('disk.io.write_sectors', disk.writeSectors, tags),
    counter('disk.io.msec_write', disk.writeMs, tags),
    // Falcon: a gauge by nature, but a counter on the wire.
    counter('disk.io.ios_in_progress', disk.inProgress, tags),
    counter('disk.io.msec_total', disk.busyMs, tags),
    counter('disk.io.msec_weighted_total', disk.weightedMs, tags),
  ]
}

/** Nothing when a count has fallen: the device was replaced, or a 32-bit count began anew. */
export function diskAverages(earlier: Disk, disk: Disk, elapsedMs: number): CollectedSample[] {
  const requests = disk.readRequests - earlier.readRequests + disk.writeRequests - earlier.writeRequests
  const readSectors = disk.readSectors - earlier.readSectors
  const writeSectors = disk.writeSectors - earlier.writeSectors
  const waitMs = disk.readMs - earlier.readMs + disk.writeMs - earlier.writeMs
  const busyMs = disk.busyMs - earlier.busyMs
  const weightedMs = disk.weightedMs - earlier.weightedMs
  if (Math.min(requests, readSectors, writeSectors, waitMs, busyMs, weightedMs) < 0) return []
  const perRequest = (amount: number) => (requests === 0 ? 0 : amount / requests)
  const tags = hostTags({ device: disk.name })
  return [
    gauge('disk.io.read_bytes', (readSectors * 512 * 1000) / elapsedMs, tags),
    gauge('disk.io.write_bytes', (writeSectors * 512 * 1000) / elapsedMs, tags),
    gauge('disk.io.avgrq_sz', perRequest(readSectors + writeSectors), tags),
    gauge('disk.io.avgqu-sz', weightedMs / elapsedMs, tags),
    gauge('disk.io.await', perRequest(waitMs), tags),
    gauge('disk.io.svctm', perRequest(busyMs), tags),
    gauge('disk.io.util', Math.min(100, (100 * busyMs) / elapsedMs), tags),
  ]
}
