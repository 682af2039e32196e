import { crc32 } from '#protocol'

/** Timers wrap beyond this many milliseconds. */
const longestTimerMs = 2 ** 31 - 1

/** A member's own place within an interval: the same after every restart, and spread evenly over a fleet. */
export function phaseOf(name: string, intervalMs: number): number {
  return crc32(name) % intervalMs
}

/** The first moment after `now` that lies `phaseMs` into an interval. All in milliseconds. */
export function nextTick(now: number, intervalMs: number, phaseMs: number): number {
  return (Math.floor((now - phaseMs) / intervalMs) + 1) * intervalMs + phaseMs
}

export interface Schedule {
  stop(): void
}

/**
 * Calls `run` once in every interval, at the same place in it. `run` gets the planned moment, not the one the timer
 * happened to fire at, so that timestamps made of it keep their distance. After a jump of the clock the plan is made anew.
 */
export function startSchedule(options: {
  intervalMs: number
  phaseMs: number
  now: () => number
  run: (plannedMs: number) => void
}): Schedule {
  const { intervalMs, phaseMs, now, run } = options
  let planned = nextTick(now(), intervalMs, phaseMs)
  let timer: NodeJS.Timeout
  const wait = () => {
    timer = setTimeout(fire, Math.min(Math.max(planned - now(), 1), intervalMs, longestTimerMs))
  }
  function fire(): void {
    const current = now()
    const early = planned - current
    if (early > 0 && intervalMs > longestTimerMs && early < intervalMs) return wait()
    const onTime = Math.abs(early) < intervalMs / 2
    const moment = onTime ? planned : nextTick(current, intervalMs, phaseMs) - intervalMs
    planned = onTime ? planned + intervalMs : nextTick(current, intervalMs, phaseMs)
    wait()
    run(moment)
  }
  wait()
  return { stop: () => clearTimeout(timer) }
}
