/** Whether it is worth sending to a peer now, where no standing connection tells. */
export interface Availability {
  readonly up: boolean
  readonly lastError: string | undefined
  /** Called each time the pause after a failure is over: the next sending is the trial. */
  onUp(listener: () => void): void
  worked(): void
  /** Sending pauses, twice as long after each failure in a row, for at least `atLeastMs`. */
  failed(error: Error, atLeastMs?: number): void
  close(): void
}

const firstPauseMs = 250
const longestPauseMs = 8000
/** A peer may ask for longer pauses, within reason. */
const longestAskedMs = 60_000

/** Up until something fails: a peer that was never tried is worth a trial. `random` spreads the trials of many senders. */
export function createAvailability(random: () => number = Math.random): Availability {
  const listeners: (() => void)[] = []
  let failures = 0
  let lastError: string | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false
  return {
    get up() {
      return timer === undefined && !closed
    },
    get lastError() {
      return lastError
    },
    onUp: (listener) => void listeners.push(listener),
    worked() {
      failures = 0
      lastError = undefined
    },
    failed(error, atLeastMs = 0) {
      lastError = error.message
      // Others that were under way fail with it, which is one failure.
      if (timer !== undefined || closed) return
      const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** failures) * (0.75 + random() / 2)
      failures++
      timer = setTimeout(
        () => {
          timer = undefined
          for (const listener of listeners) listener()
        },
        Math.max(pauseMs, Math.min(atLeastMs, longestAskedMs)),
      )
    },
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}
