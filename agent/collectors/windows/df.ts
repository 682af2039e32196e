import { StuckError } from '../../host/slow-calls.ts'
import type { Volume, WindowsHost } from '../../host/windows/host.ts'
import { gauge, hostTags } from '../collector.ts'
import type { CollectedSample, Collector } from '../collector.ts'
import { hasLinuxNames, hasOldNames } from './names.ts'
import type { WindowsNames } from './names.ts'

/** Use of the drives; a drive that cannot be asked costs its own samples only. `wanted` is `C:`; empty for all. */
export function createDfCollector(
  host: Pick<WindowsHost, 'drives' | 'volume'>,
  wanted: readonly string[],
  names: WindowsNames,
): Collector {
  const isWanted = (letter: string) =>
    wanted.length === 0 ||
    wanted.some((mountPoint) => /^[a-z]:?\\?$/i.test(mountPoint) && mountPoint.toUpperCase().startsWith(letter))
  return {
    name: 'df',
    async collect() {
      const letters = (await host.drives()).filter(isWanted)
      const uses = await Promise.all(letters.map((letter) => ask(host, letter)))
      const volumes = uses.flatMap(({ volume }) => (volume ? [volume] : []))
      return [
        ...(hasOldNames(names) ? uses.flatMap(windowsAgentSamples) : []),
        ...(hasLinuxNames(names) ? [...uses.flatMap(linuxSamples), ...totals(volumes)] : []),
        ...uses.flatMap(({ letter, trouble }) =>
          trouble ? [gauge(trouble, 1, hostTags({ mount: `${letter}:` }))] : [],
        ),
      ]
    },
  }
}

interface Use {
  readonly letter: string
  /** Undefined for an empty drive. */
  readonly volume?: Volume | undefined
  readonly trouble?: 'df.stuck' | 'df.unreadable'
}

async function ask(host: Pick<WindowsHost, 'volume'>, letter: string): Promise<Use> {
  try {
    return { letter, volume: await host.volume(letter) }
  } catch (error) {
    return { letter, trouble: error instanceof StuckError && error.reason === 'hangs' ? 'df.stuck' : 'df.unreadable' }
  }
}

function windowsAgentSamples({ letter, volume }: Use): CollectedSample[] {
  if (!volume) return []
  const tags = hostTags({ disk: letter })
  const used = volume.total - volume.free
  return [
    gauge('df.used.percent', percent(used, volume.total), tags),
    gauge('df.byte.total', volume.total, tags),
    gauge('df.byte.used', used, tags),
    gauge('df.byte.free', volume.free, tags),
  ]
}

function linuxSamples({ letter, volume }: Use): CollectedSample[] {
  if (!volume) return []
  const tags = hostTags({ mount: `${letter}:`, fstype: volume.fileSystem })
  const used = volume.total - volume.free
  const usedPercent = percent(used, used + volume.available)
  return [
    gauge('df.bytes.total', volume.total, tags),
    gauge('df.bytes.used', used, tags),
    gauge('df.bytes.free', volume.available, tags),
    gauge('df.bytes.used.percent', usedPercent, tags),
    gauge('df.bytes.free.percent', 100 - usedPercent, tags),
  ]
}

function totals(volumes: readonly Volume[]): CollectedSample[] {
  const total = volumes.reduce((sum, volume) => sum + volume.total, 0)
  const used = volumes.reduce((sum, volume) => sum + volume.total - volume.free, 0)
  if (total === 0) return []
  return [
    gauge('df.statistics.total', total),
    gauge('df.statistics.used', used),
    gauge('df.statistics.used.percent', percent(used, total)),
  ]
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole
}
