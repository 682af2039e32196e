/** Shares the event loop among connections that have received more than can be handled at once. */
export interface Turns {
  /** Runs `step` in turn with all others until it returns false: nothing more to do now. Adding one that waits already does nothing. */
  add(step: () => boolean): void
}

/** `budgetMs` is how long steps run before the event loop gets to its other work. */
export function createTurns(budgetMs: number, clock: () => number = () => performance.now()): Turns {
  const waiting = new Set<() => boolean>()
  let scheduled = false

  function run(): void {
    scheduled = false
    const end = clock() + budgetMs
    // A step that has more to do goes to the end of the set, which this loop reaches in its turn.
    for (const step of waiting) {
      waiting.delete(step)
      if (step()) waiting.add(step)
      if (clock() >= end) break
    }
    if (waiting.size > 0) schedule()
  }

  function schedule(): void {
    if (scheduled) return
    scheduled = true
    setImmediate(run)
  }

  return {
    add(step) {
      waiting.add(step)
      schedule()
    },
  }
}
