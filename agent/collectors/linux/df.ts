import type { FileSystem, LinuxHost, Mount } from '../../host/linux/host.ts'
import { StuckError } from '../../host/slow-calls.ts'
import { gauge, hostTags } from '../collector.ts'
import type { CollectedSample, Collector } from '../collector.ts'
import { inTurns } from '../turns.ts'
import { selectMounts } from './mounts.ts'

/** File systems asked side by side. */
const atOnce = 100

/** Use of file systems: those mounted exactly at `mountPoints`; all ordinary ones when there are none. */
export function createDfCollector(
  host: Pick<LinuxHost, 'mounts' | 'fileSystem'>,
  mountPoints: readonly string[],
): Collector {
  return {
    name: 'df',
    async collect() {
      const mounts = selectMounts(await host.mounts(), mountPoints)
      const uses = await inTurns(mounts, atOnce, (part) => Promise.all(part.map((mount) => ask(host, mount))))
      // Falcon: what has no size (pseudo file systems that no rule names) is left out.
      const sized = uses.filter((use) => use.fileSystem !== undefined && use.fileSystem.totalBytes > 0)
      const samples = await inTurns(sized, atOnce, (part) => part.flatMap(useSamples))
      return [...samples, ...totals(sized), ...uses.flatMap(troubleSamples)]
    },
  }
}

interface Use {
  readonly mount: Mount
  readonly fileSystem?: FileSystem
  readonly trouble?: 'df.stuck' | 'df.unreadable'
}

/** A file system that cannot be asked costs its own samples only. */
async function ask(host: Pick<LinuxHost, 'fileSystem'>, mount: Mount): Promise<Use> {
  try {
    return { mount, fileSystem: await host.fileSystem(mount) }
  } catch (error) {
    return { mount, trouble: error instanceof StuckError && error.reason === 'hangs' ? 'df.stuck' : 'df.unreadable' }
  }
}

/** Bytes and shares as `df` shows them. */
export function spaceOf(fileSystem: FileSystem): { used: number; usedPercent: number } {
  const used = fileSystem.totalBytes - fileSystem.freeBytes
  const usable = used + fileSystem.availableBytes
  return { used, usedPercent: usable === 0 ? 0 : (100 * used) / usable }
}

function useSamples({ mount, fileSystem }: Use): CollectedSample[] {
  if (!fileSystem) return []
  const tags = hostTags({ mount: mount.mountPoint, fstype: mount.type })
  const { used, usedPercent } = spaceOf(fileSystem)
  const bytes = [
    gauge('df.bytes.total', fileSystem.totalBytes, tags),
    gauge('df.bytes.used', used, tags),
    gauge('df.bytes.free', fileSystem.availableBytes, tags),
    gauge('df.bytes.used.percent', usedPercent, tags),
    gauge('df.bytes.free.percent', 100 - usedPercent, tags),
  ]
  const { totalInodes, freeInodes } = fileSystem
  if (totalInodes === 0) return bytes
  const usedInodesPercent = (100 * (totalInodes - freeInodes)) / totalInodes
  return [
    ...bytes,
    gauge('df.inodes.total', totalInodes, tags),
    gauge('df.inodes.used', totalInodes - freeInodes, tags),
    gauge('df.inodes.free', freeInodes, tags),
    gauge('df.inodes.used.percent', usedInodesPercent, tags),
    gauge('df.inodes.free.percent', 100 - usedInodesPercent, tags),
  ]
}

function totals(uses: readonly Use[]): CollectedSample[] {
  const sum = (of: (fileSystem: FileSystem) => number) =>
    uses.reduce((sum, { fileSystem }) => sum + (fileSystem ? of(fileSystem) : 0), 0)
  const total = sum((fileSystem) => fileSystem.totalBytes)
  if (total === 0) return []
  const used = sum((fileSystem) => spaceOf(fileSystem).used)
  return [
    gauge('df.statistics.total', total),
    gauge('df.statistics.used', used),
    gauge('df.statistics.used.percent', (100 * used) / total),
  ]
}

function troubleSamples({ mount, trouble }: Use): CollectedSample[] {
  return trouble ? [gauge(trouble, 1, hostTags({ mount: mount.mountPoint }))] : []
}
