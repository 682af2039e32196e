/** Places at something of which there are few, given in the order they are asked for. */
export interface Places {
  readonly count: number
  /** Waits for a place and keeps it until `call` settles. */
  use<T>(call: () => Promise<T>): Promise<T>
}

export function createPlaces(count: number): Places {
  const waiting = new Set<() => void>()
  let free = count
  return {
    count,
    async use(call) {
      if (free > 0) free--
      else await new Promise<void>((resolve) => waiting.add(resolve))
      try {
        return await call()
      } finally {
        const [next] = waiting
        if (next) {
          waiting.delete(next)
          next()
        } else free++
      }
    },
  }
}
