import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'

const lookEveryMs = 1000
/** The share of the limit beyond which nothing is taken in and what waits goes to disk. */
const crowdedShare = 0.9
/** Memory that a pushed body takes, in multiples of its length, until its samples are on their way. */
const bodyFactor = 5
/** Looks in a row that find the limit exceeded before the agent leaves: garbage has been collected in between. */
const patience = 3

/**
 * Keeps this process below a limit without losing samples: close to it pushes are refused, what waits goes to the spool and
 * garbage is collected; beyond it, in spite of that, the agent asks for an end in good order, to be started again.
 */
export interface MemoryLimit {
  /** Whether there is room to read a body of that length; what was taken is to be given back. */
  take(bytes: number): boolean
  give(bytes: number): void
  /** Undefined when there is no limit. */
  state(): MemoryState | undefined
  stop(): void
}

/** Bytes of 2^20. */
export interface MemoryState {
  readonly megabytes: number
  readonly limitMegabytes: number
  /** Pushes are refused until there is more room. */
  readonly crowded: boolean
}

export interface MemoryLimitOptions {
  /** 0: no limit. */
  readonly megabytes: number
  readonly residentBytes: () => number
  readonly collectGarbage: () => Promise<void>
  /** Brings what waits in memory to disk. */
  readonly spill: () => void
  readonly leave: () => void
  readonly counters: Counters
  readonly log: Logger
}

/** Counters: `limit.refusedPushes`, and `limit.looksAbove`, the seconds spent above the limit. */
export function startMemoryLimit(options: MemoryLimitOptions): MemoryLimit {
  const { megabytes, residentBytes, collectGarbage, spill, leave, counters, log } = options
  if (megabytes === 0) return { take: () => true, give: () => undefined, state: () => undefined, stop: () => undefined }

  const limit = megabytes * 2 ** 20
  let resident = residentBytes()
  let taken = 0
  let above = 0
  let crowded = false
  for (const name of ['limit.refusedPushes', 'limit.looksAbove']) counters.add(name, 0)

  async function look(): Promise<void> {
    resident = residentBytes()
    if (resident > crowdedShare * limit) {
      if (!crowded) log.warn(facts(), 'close to the memory limit: pushes are refused, samples go to disk')
      crowded = true
      spill()
      await collectGarbage()
      resident = residentBytes()
    }
    if (crowded && resident <= crowdedShare * limit) {
      crowded = false
      log.info(facts(), 'memory is below its limit again, pushes are taken')
    }
    above = resident > limit ? above + 1 : 0
    if (above > 0) counters.add('limit.looksAbove')
    if (above !== patience) return
    log.error(
      facts(),
      'above the memory limit: the agent leaves, to be started again; what it holds is sent or spooled',
    )
    leave()
  }

  function facts() {
    return { residentMegabytes: Math.round(resident / 2 ** 20), limitMegabytes: megabytes, pushedBytes: taken }
  }

  const looking = setInterval(() => void look(), lookEveryMs)
  return {
    take(bytes) {
      if (resident + (taken + bytes) * bodyFactor > limit || crowded) {
        counters.add('limit.refusedPushes')
        return false
      }
      taken += bytes
      return true
    },
    give(bytes) {
      taken -= bytes
    },
    state: () => ({ megabytes: Math.round(resident / 2 ** 20), limitMegabytes: megabytes, crowded }),
    stop: () => clearInterval(looking),
  }
}
