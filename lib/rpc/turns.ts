/** Something that works in small pieces. */
export interface Worker {
  /** Does one piece; true when it has another one ready. */
  work(): boolean
}

export interface Turns {
  /** Puts a worker in the queue unless it is there. */
  want(worker: Worker): void
  /** Makes the next turn as short as can be, one piece of work, since others wait for the event loop. */
  hurry(): void
}

/**
 * Lets workers take turns, first come, first served, for at most `budgetMs` in one turn of the event loop. Without
 * this, connections that always have a request ready keep the loop to themselves: the platform accepts one new
 * connection a turn, so that with 500 busy clients half of them would never be served.
 */
export function createTurns(budgetMs: number, now: () => number = performance.now.bind(performance)): Turns {
  let queue: Worker[] = []
  const queued = new Set<Worker>()
  let scheduled = false
  let hurried = false

  function run(): void {
    scheduled = false
    const deadline = now() + (hurried ? 0 : budgetMs)
    hurried = false
    const turn = queue
    queue = []
    let next = 0
    while (next < turn.length) {
      const worker = turn[next++]
      if (worker === undefined) break
      queued.delete(worker)
      if (workUntil(worker, deadline)) enqueue(worker)
      if (now() >= deadline) break
    }
    // Those who have not had their turn come before those who want another one.
    if (next < turn.length) queue = [...turn.slice(next), ...queue]
    schedule()
  }

  function workUntil(worker: Worker, deadline: number): boolean {
    while (worker.work()) if (now() >= deadline) return true
    return false
  }

  function enqueue(worker: Worker): void {
    if (queued.has(worker)) return
    queued.add(worker)
    queue.push(worker)
  }

  function schedule(): void {
    if (scheduled || queue.length === 0) return
    scheduled = true
    setImmediate(run)
  }

  return {
    want(worker) {
      enqueue(worker)
      schedule()
    },
    hurry() {
      hurried = true
    },
  }
}
