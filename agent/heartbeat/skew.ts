/** How far this host's clock is ahead of that of hbs; negative when it is behind. */
export interface Skew {
  /** 0 when the measurement cannot tell it from none. */
  readonly seconds: number
  /** What it may be wrong by. */
  readonly withinSeconds: number
}

/** What one answer of hbs tells about its clock. */
export interface ClockReading {
  /** Our clock when the call began, unix milliseconds. */
  readonly sentMs: number
  readonly roundTripMs: number
  /** The clock of hbs at some moment of the call, rounded down to a multiple of `unitMs`. */
  readonly serverMs: number
  /** 1000 where hbs tells whole seconds, as Open-Falcon's does. */
  readonly unitMs: number
}

/**
 * What all readings of one beat allow. hbs looked at its clock somewhere between our question and its answer, so each
 * reading leaves a range; the truth is in all of them. Undefined without readings, or when they contradict each other
 * because a clock was set meanwhile.
 */
export function skewOf(readings: readonly ClockReading[]): Skew | undefined {
  let lowest = -Infinity
  let highest = Infinity
  for (const { sentMs, roundTripMs, serverMs, unitMs } of readings) {
    lowest = Math.max(lowest, sentMs - (serverMs + unitMs))
    highest = Math.min(highest, sentMs + roundTripMs - serverMs)
  }
  if (readings.length === 0 || lowest > highest) return undefined
  const withinSeconds = (highest - lowest) / 2000
  const seconds = lowest <= 0 && highest >= 0 ? 0 : (lowest + highest) / 2000
  return { seconds: Math.round(seconds * 1000) / 1000, withinSeconds }
}
