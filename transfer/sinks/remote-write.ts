import type { NumberedSeries } from '#lib/link'
import { createWriteEncoder, createWriteSeries, labelsOf, writeHeaders } from '#lib/remote-write'
import type { NamingRules, WriteSeries } from '#lib/remote-write'
import { basicAuthorization, createHttpPeer, endpointOf } from './http-peer.ts'
import type { SinkContext, SinkLimits, SinkPeer } from './sink.ts'

export interface RemoteWriteOptions extends SinkContext, SinkLimits {
  /** The whole address, path included. */
  readonly url: string
  readonly username: string
  readonly password: string
  /** Sent as `Authorization: Bearer`. */
  readonly token: string
  readonly names: NamingRules
}

/**
 * Prometheus remote write: VictoriaMetrics, Prometheus, Mimir, Thanos. Values go as they are, those of counters too: a
 * receiver makes rates itself. An answer 400 refuses the whole request for the counters, although receivers may have
 * taken a part of it: they do not tell which.
 */
export function createRemoteWritePeer(options: RemoteWriteOptions): SinkPeer {
  const { url, names, token, username, password } = options
  const encode = createWriteEncoder()
  /** Encoded labels, for as long as anything knows their series. */
  const encoded = new WeakMap<NumberedSeries, WriteSeries>()

  function writeSeriesOf(series: NumberedSeries): WriteSeries {
    let found = encoded.get(series)
    if (!found) encoded.set(series, (found = createWriteSeries(labelsOf(series, names))))
    return found
  }

  return createHttpPeer({
    ...options,
    url: endpointOf(url, ''),
    headers: {
      ...writeHeaders,
      ...(token === '' ? basicAuthorization(url, username, password) : { Authorization: `Bearer ${token}` }),
    },
    encode(columns, from, to) {
      const body = encode({
        count: to - from,
        series: columns.series.slice(from, to).map(writeSeriesOf),
        times: columns.timestamps.slice(from, to).map((seconds) => seconds * 1000),
        values: columns.values.subarray(from, to),
      })
      return { body, count: to - from, unfit: 0 }
    },
  })
}
