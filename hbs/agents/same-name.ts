/** One running agent, as its reports tell it from others of the same name. */
export interface Reporter {
  /** Ours send a text of their own; of other agents all that is known is the address they report. */
  readonly instance: string
  readonly isOurs: boolean
  /** The address it reports, and the one it came from where that differs. */
  readonly address: string
}

/** Those that report under one name. */
export interface SameName {
  saw(reporter: Reporter, nowMs: number): void
  /** Other agents that live beside this one; all of them when none is named. */
  others(instance: string | undefined, nowMs: number): string[]
}

/** One that has been silent for this long has ended, or got another name. */
const silentMs = 10 * 60_000
/** As many of one name are told apart. */
const mostReporters = 8
/** How often they have to come back after another reported: once may be a report that was late. */
const returnsNeeded = 2

/**
 * Tells a name that is used twice from an agent that was started again: the one that ended never comes back, whereas two
 * that live take turns.
 */
export function createSameName(first: Reporter, nowMs: number): SameName {
  const reporters = new Map<string, Reporter & { seenMs: number; returns: number }>()
  let last = first
  reporters.set(first.instance, { ...first, seenMs: nowMs, returns: 0 })

  return {
    saw(reporter, atMs) {
      const { instance } = reporter
      for (const [name, other] of reporters)
        if (atMs - other.seenMs > silentMs || isContinuedBy(other, reporter)) reporters.delete(name)
      const [alone] = reporters.values()
      if (reporters.size === 1 && alone) alone.returns = 0
      const known = reporters.get(instance)
      const came = known && last.instance !== instance ? 1 : 0
      last = reporter
      reporters.delete(instance)
      reporters.set(instance, { ...reporter, seenMs: atMs, returns: (known?.returns ?? 0) + came })
      const [oldest] = reporters.keys()
      if (reporters.size > mostReporters && oldest !== undefined) reporters.delete(oldest)
    },
    others(instance, atMs) {
      const alive = [...reporters].filter(([, { seenMs }]) => atMs - seenMs <= silentMs)
      const returns = alive.reduce((sum, [, reporter]) => sum + reporter.returns, 0)
      if (alive.length < 2 || returns < returnsNeeded) return []
      return [...new Set(alive.filter(([name]) => name !== instance).map(([, { address }]) => address))]
    },
  }
}

/** The first reports of an agent of ours do not say that it is one: what follows from the same address is the same agent. */
export function isContinuedBy(earlier: Reporter, later: Reporter): boolean {
  return !earlier.isOurs && later.isOurs && earlier.address === later.address
}
