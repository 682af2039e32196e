import { crc32 } from '#protocol'

/** Says which lane serves a new connection. */
export interface Dealer {
  /**
   * The lane for a connection from this address: of those that run the one to which the address has the fewest, first of
   * all its own. So an address that comes back gets the same lane: what that has spooled for a judge must not be overtaken
   * through another, and its series are remembered once. A gateway's many connections go to all lanes.
   */
  deal(address: string, runs: (lane: number) => boolean): number
  /** A connection of this address to a lane is gone. */
  closed(address: string, lane: number): void
  /** All connections to a lane are gone. */
  ended(lane: number): void
}

/** The first lane always runs. */
export function createDealer(lanes: number): Dealer {
  /** Open connections by address, and of each how many to which lane. */
  const open = new Map<string, Uint32Array>()

  function forget(address: string, counts: Uint32Array): void {
    if (counts.every((count) => count === 0)) open.delete(address)
  }

  return {
    deal(address, runs) {
      const counts = open.get(address) ?? new Uint32Array(lanes)
      const order = counts.map((_, i) => (crc32(address) + i) % lanes)
      const lane = order.filter(runs).reduce((best, one) => ((counts[one] ?? 0) < (counts[best] ?? 0) ? one : best))
      counts[lane] = (counts[lane] ?? 0) + 1
      open.set(address, counts)
      return lane
    },
    closed(address, lane) {
      const counts = open.get(address)
      // Of a lane that ended, all are forgotten already.
      if (!counts?.[lane]) return
      counts[lane]--
      forget(address, counts)
    },
    ended(lane) {
      for (const [address, counts] of open) {
        counts[lane] = 0
        forget(address, counts)
      }
    },
  }
}
