/** How many samples of each endpoint were accepted, minute by minute, for the last hour. */
export interface EndpointCounts {
  /** One sample of a call that came in at `nowSeconds`. */
  add(endpoint: string, nowSeconds: number): void
  /** `received` from the minute of `sinceSeconds` on; undefined for an endpoint that was silent for an hour or more. */
  of(endpoint: string, sinceSeconds: number): ReceivedOf | undefined
}

export interface ReceivedOf {
  readonly received: number
  /** Unix seconds. */
  readonly lastSeconds: number
}

const minutes = 60

interface Counted {
  readonly received: Uint32Array
  /** Unix minute of the newest bucket. */
  minute: number
  lastSeconds: number
}

/** `most`: endpoints that are counted at a time; beyond it the one that was counted first goes. */
export function createEndpointCounts(most = 50_000): EndpointCounts {
  const endpoints = new Map<string, Counted>()
  // The samples of a call mostly share their endpoint.
  let lastName = ''
  let last: Counted | undefined

  function find(endpoint: string, minute: number): Counted {
    if (last !== undefined && endpoint === lastName) return last
    let counted = endpoints.get(endpoint)
    if (!counted) {
      const oldest = endpoints.size >= most ? endpoints.keys().next().value : undefined
      if (oldest !== undefined) endpoints.delete(oldest)
      endpoints.set(endpoint, (counted = { received: new Uint32Array(minutes), minute, lastSeconds: 0 }))
    }
    lastName = endpoint
    last = counted
    return counted
  }

  return {
    add(endpoint, nowSeconds) {
      const minute = Math.floor(nowSeconds / 60)
      const counted = find(endpoint, minute)
      advance(counted, minute)
      const bucket = counted.minute % minutes
      counted.received[bucket] = (counted.received[bucket] ?? 0) + 1
      counted.lastSeconds = nowSeconds
    },
    of(endpoint, sinceSeconds) {
      const counted = endpoints.get(endpoint)
      if (!counted) return undefined
      const from = Math.max(Math.floor(sinceSeconds / 60), counted.minute - minutes + 1)
      let received = 0
      for (let minute = from; minute <= counted.minute; minute++) received += counted.received[minute % minutes] ?? 0
      return { received, lastSeconds: counted.lastSeconds }
    },
  }
}

/** Empties the minutes in which nothing came. A clock that was set back counts into the newest minute. */
function advance(counted: Counted, minute: number): void {
  if (minute <= counted.minute) return
  for (let empty = Math.max(counted.minute + 1, minute - minutes + 1); empty <= minute; empty++)
    counted.received[empty % minutes] = 0
  counted.minute = minute
}

/** From when on samples of an endpoint are counted: from `since`, but not longer ago than an hour or `started`. Unix milliseconds. */
export function countedSince(times: { since: number; started: number; now: number }): number {
  return Math.max(times.since, times.started, times.now - minutes * 60_000)
}

/** As `./control ledger --endpoint` shows it. `from` in unix milliseconds. */
export function endpointFigures(
  counted: ReceivedOf | undefined,
  from: number,
): Readonly<Record<string, number | string>> {
  const received = { [`received since ${timeText(from / 1000)}`]: counted?.received ?? 0 }
  return counted ? { ...received, 'last heard': timeText(counted.lastSeconds) } : received
}

function timeText(seconds: number): string {
  return new Date(Math.floor(seconds) * 1000).toISOString().replace('.000', '')
}
