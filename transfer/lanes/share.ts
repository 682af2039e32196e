import type { TransferConfig } from '../config.ts'
import { sinkNames } from '../sinks/sections.ts'

const leastSpoolBytes = 2 ** 20
const mostByDefault = 8

/** How many lanes there are: as configured, or by 0 one for each four cores, since judge and graph need theirs. */
export function laneCount({ workers }: Pick<TransferConfig, 'workers'>, cores: number): number {
  return workers > 0 ? workers : Math.min(mostByDefault, Math.max(1, Math.floor(cores / 4)))
}

/** The configuration of one of `lanes` lanes: limits that count for a destination are divided among them. */
export function laneShare(config: TransferConfig, lanes: number): TransferConfig {
  if (lanes === 1) return config
  const share = (limit: number) => Math.ceil(limit / lanes)
  const bytes = (limit: number) => Math.max(leastSpoolBytes, share(limit))
  const divided = <S extends TransferConfig[(typeof sections)[number]]>(section: S): S => {
    const { maxBytes, replayPerSecond } = section.spool
    return {
      ...section,
      maxInFlight: share(section.maxInFlight),
      spool: {
        ...section.spool,
        ...(maxBytes !== undefined && { maxBytes: bytes(maxBytes) }),
        ...(replayPerSecond !== undefined && { replayPerSecond: share(replayPerSecond) }),
      },
    }
  }
  const sections = ['judge', 'graph', ...sinkNames] as const
  return {
    ...config,
    ...Object.fromEntries(sections.map((name) => [name, divided(config[name])])),
    spool: {
      ...config.spool,
      maxBytes: bytes(config.spool.maxBytes),
      replayPerSecond: share(config.spool.replayPerSecond),
    },
  }
}
