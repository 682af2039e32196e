import { createRpcClient, RpcError } from '#lib/rpc'
import type { RpcClient } from '#lib/rpc'
import type { LinkAck, SampleColumns } from '#lib/link'
import { createAvailability } from './availability.ts'
import { createRefusals } from './refusals.ts'
import type { SinkContext, SinkLimits, SinkPeer } from './sink.ts'
import { createSinkPeer } from './sink-peer.ts'

export interface TransferOptions extends SinkContext, SinkLimits {
  /** `host:port` each; a sample goes to one of them. */
  readonly addresses: readonly string[]
}

/** One `Transfer.Update`. */
interface Call {
  readonly count: number
  /** The items, as a JSON array. */
  readonly text: string
}

/**
 * Another transfer, ours or Open-Falcon's, as a gateway sends to it: `Transfer.Update` over kept connections. Each
 * address has a connection and its share of the series, so that a series' samples stay in order; a connection whose
 * address fails goes to the next one.
 */
export function createTransferPeer(options: TransferOptions): SinkPeer {
  const { addresses, batch, log } = options
  const availability = createAvailability()
  const refusals = createRefusals(options)
  const lanes = Array.from({ length: Math.min(addresses.length, options.maxConns) }, (_, lane) =>
    createRpcClient({
      // Each lane has another one first.
      addresses: [...addresses.slice(lane), ...addresses.slice(0, lane)],
      random: () => 0,
      connectTimeoutMs: options.connectTimeoutMs,
      callTimeoutMs: options.callTimeoutMs,
      log,
    }),
  )

  async function update(client: RpcClient, { count, text }: Call): Promise<LinkAck> {
    const reply = (await client.callWithText('Transfer.Update', text)) as { Total?: unknown; Invalid?: unknown } | null
    const { Total: total, Invalid: invalid } = reply ?? {}
    if (total !== count || typeof invalid !== 'number' || !(invalid >= 0 && invalid <= total))
      throw new RpcError('answer', `it answers ${JSON.stringify(reply).slice(0, 200)} to ${count} samples`)
    return { taken: total - invalid, refused: invalid }
  }

  return createSinkPeer({
    availability,
    refusals,
    async send(columns) {
      // All calls are written before the first answer is awaited: the peer takes those of a connection in this order.
      const calls = lanes.flatMap((client, lane) =>
        callsOf(columns, (number) => number % lanes.length === lane, batch).map((call) => update(client, call)),
      )
      try {
        const acks = await Promise.all(calls)
        const refused = acks.reduce((sum, ack) => sum + ack.refused, 0)
        availability.worked()
        refusals.count('peer', refused, 'counted as Invalid in its answer')
        return { taken: columns.count - refused, refused }
      } catch (error) {
        // The others end before the batch is sent again, lest an old sample arrive after it.
        await Promise.allSettled(calls)
        const failure = new Error(`Cannot send to transfer: ${(error as Error).message}`, { cause: error })
        availability.failed(failure)
        throw failure
      }
    },
    async close() {
      await Promise.all(lanes.map((client) => client.close()))
    },
  })
}

function callsOf(columns: SampleColumns, mine: (series: number) => boolean, batch: number): Call[] {
  const calls: Call[] = []
  let items: unknown[] = []
  const close = () => {
    if (items.length > 0) calls.push({ count: items.length, text: goText(JSON.stringify(items)) })
    items = []
  }
  for (let i = 0; i < columns.count; i++) {
    const series = columns.series[i]
    if (series === undefined || !mine(series.number)) continue
    const { endpoint, metric, step, counterType, tags } = series
    const value = jsonValue(columns.values[i] ?? Number.NaN)
    // Members in the order of the Go client.
    items.push({ endpoint, metric, value, step, counterType, tags, timestamp: columns.timestamps[i] ?? 0 })
    if (items.length === batch) close()
  }
  close()
  return calls
}

/** What JSON cannot say as a number goes as a string, which every transfer reads. */
function jsonValue(value: number): number | string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : value
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}

const escapedByGo = /[<>&\u2028\u2029]/g

/** These stand in texts only, and Go escapes them there. */
function goText(json: string): string {
  return json.replace(escapedByGo, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
