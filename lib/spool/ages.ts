/** How far the clock may wander from the steady one, in milliseconds, before it counts as set. */
const wanderMs = 2000

/** How old records are, though the clock may be set while they wait. Records found at opening are as old as they say. */
export interface Ages {
  /** Unix seconds, for a record written now. */
  now(): number
  /** Has to be told of each record that is written. */
  wrote(sequence: number): void
  /** Seconds since a record was written that bears the time `at`. */
  of(sequence: number, at: number): number
  /** Whether the clock was set between the two being written. */
  differ(sequence: number, later: number): boolean
}

/** Both clocks in milliseconds. */
export function createAges(now: () => number, steadyNow: () => number): Ages {
  /** How far the clock was ahead of the steady one, from which record on; the newest last. */
  const settings = [{ from: 0, aheadMs: now() - steadyNow() }]
  const settingOf = (sequence: number) => settings.findLast(({ from }) => from <= sequence)
  return {
    now: () => Math.floor(now() / 1000),
    wrote(sequence) {
      const aheadMs = now() - steadyNow()
      if (Math.abs(aheadMs - (settings.at(-1)?.aheadMs ?? 0)) > wanderMs) settings.push({ from: sequence, aheadMs })
    },
    of: (sequence, at) => Math.floor((steadyNow() + (settingOf(sequence)?.aheadMs ?? 0)) / 1000) - at,
    differ: (sequence, later) => settingOf(sequence) !== settingOf(later),
  }
}
