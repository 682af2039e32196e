import { setTimeout as sleep } from 'node:timers/promises'
import { createFalconClient } from '../drivers/falcon-client.ts'
import type { SentItem } from '../drivers/falcon-client.ts'

/** Seconds between the samples of a series. */
export const loadStep = 60
/** Samples of each series of an endpoint; then the lane goes on with the next endpoint, so that new series keep coming. */
const ticksPerEndpoint = 1500

/** Hands samples over. Resolves once they are acknowledged, rejects when they are not. */
export interface Entrance {
  deliver(items: readonly SentItem[]): Promise<void>
  close(): void
}

/** What a lane has sent of one endpoint: the first `sent` samples of each series, of which the first `acknowledged` were acknowledged. */
export interface SentEndpoint {
  readonly endpoint: string
  readonly lane: number
  readonly counters: readonly string[]
  readonly begin: number
  sent: number
  acknowledged: number
}

/** A steady stream of samples, whose values follow from series and time. */
export interface Load {
  readonly endpoints: readonly SentEndpoint[]
  /** Samples acknowledged so far. */
  acknowledged(): number
  /** How often something had to be handed over again. */
  readonly repeats: number
  /** Settles when nothing is under way any more; rejects when something was never acknowledged. */
  stop(): Promise<void>
}

export interface LoadOptions {
  readonly entrance: () => Entrance
  /** With which the names of its endpoints begin. */
  readonly name?: string
  readonly lanes?: number
  readonly seriesPerLane?: number
  readonly pauseMs?: number
  /** After which a lane gives up. */
  readonly patienceMs?: number
}

/** Each lane hands over one sample of each of its series at a time, again and again until it is acknowledged. */
export function startLoad(options: LoadOptions): Load {
  const { entrance, name = 'lane', lanes = 4, seriesPerLane = 50, pauseMs = 20, patienceMs = 120_000 } = options
  // Two days ago, so that whole windows are written, merged and consolidated while the load runs.
  const begin = Math.floor(Date.now() / 1000 / loadStep) * loadStep - 2 * 86_400
  const endpoints: SentEndpoint[] = []
  const counters = Array.from({ length: seriesPerLane }, (_, i) =>
    i % 3 === 0 ? `load/i=${i},kind=test` : `load.${i}`,
  )
  let repeats = 0
  const state = { stopping: false }

  async function runLane(lane: number): Promise<void> {
    const way = entrance()
    let current: SentEndpoint | undefined
    let number = 0
    try {
      while (!state.stopping) {
        if (!current || current.sent === ticksPerEndpoint) {
          current = { endpoint: `${name}-${lane}-${number++}`, lane, counters, begin, sent: 0, acknowledged: 0 }
          endpoints.push(current)
        }
        const items = itemsOf(current, current.sent++)
        await untilAcknowledged(way, items)
        current.acknowledged = current.sent
        await sleep(pauseMs)
      }
    } finally {
      way.close()
    }
  }

  async function untilAcknowledged(way: Entrance, items: readonly SentItem[]): Promise<void> {
    const deadline = Date.now() + patienceMs
    for (;;) {
      try {
        return await way.deliver(items)
      } catch (error) {
        if (Date.now() > deadline) throw error
        repeats++
        await sleep(50)
      }
    }
  }

  const running = Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(lane)))
  // Whoever stops the load hears of it.
  running.catch(() => undefined)
  return {
    endpoints,
    acknowledged: () => endpoints.reduce((sum, one) => sum + one.acknowledged * one.counters.length, 0),
    get repeats() {
      return repeats
    },
    async stop() {
      state.stopping = true
      await running
    },
  }
}

function itemsOf(sent: SentEndpoint, tick: number): SentItem[] {
  return sent.counters.map((counter, i) => {
    const [metric = '', tags = ''] = counter.split('/')
    const value = loadValue(sent.lane, i, sent.begin + tick * loadStep)
    const timestamp = sent.begin + tick * loadStep
    return { endpoint: sent.endpoint, metric, value, step: loadStep, counterType: 'GAUGE', tags, timestamp }
  })
}

/** Different for neighbours of every kind, and exact in the six decimals of an answer. */
export function loadValue(lane: number, counter: number, timestamp: number): number {
  const mixed = Math.imul(Math.imul(lane * 131 + counter + 1, 0x9e3779b1) ^ (timestamp / loadStep), 0x85ebca6b) >>> 0
  return (mixed % 6_400_000) / 64
}

/** To transfer's RPC, as an agent sends. */
export function rpcEntrance(port: number): Entrance {
  const client = createFalconClient(port)
  return {
    async deliver(items) {
      const answer = (await client.call('Transfer.Update', items, 5000)) as { Total: number; Invalid: number }
      if (answer.Total !== items.length || answer.Invalid !== 0)
        throw new RangeError(`transfer took ${answer.Total - answer.Invalid} of ${items.length} items`)
    },
    close: () => client.close(),
  }
}

/** To the agent's `/v1/push`, as a script sends. */
export function pushEntrance(port: number): Entrance {
  return {
    async deliver(items) {
      const response = await fetch(`http://127.0.0.1:${port}/v1/push`, {
        method: 'POST',
        body: JSON.stringify(items),
        signal: AbortSignal.timeout(5000),
      })
      const text = await response.text()
      if (!response.ok || text !== 'success') throw new Error(`the agent answered ${response.status}: ${text}`)
    },
    close: () => undefined,
  }
}
