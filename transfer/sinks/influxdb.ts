import type { SampleColumns } from '#lib/link'
import { basicAuthorization, createHttpPeer, endpointOf } from './http-peer.ts'
import type { EncodedRequest } from './http-peer.ts'
import { createLineBuffer } from './line-buffer.ts'
import type { LineBuffer } from './line-buffer.ts'
import type { SinkContext, SinkLimits, SinkPeer } from './sink.ts'

export interface InfluxdbOptions extends SinkContext, SinkLimits {
  /** `http://host:port`, with a path before `/write` where there is one. */
  readonly address: string
  readonly db: string
  readonly username: string
  readonly password: string
  readonly precision: InfluxPrecision
  /** With these, version 2's `/api/v2/write` is used. */
  readonly org: string
  readonly bucket: string
  readonly token: string
}

export type InfluxPrecision = 's' | 'ms' | 'us' | 'u' | 'ns' | 'n'

/** What makes a second's digits that many units. */
const zeros: Readonly<Record<InfluxPrecision, string>> = {
  s: '',
  ms: '000',
  us: '000000',
  u: '000000',
  ns: '000000000',
  n: '000000000',
}

/** InfluxDB, or what takes its line protocol. */
export function createInfluxdbPeer(options: InfluxdbOptions): SinkPeer {
  const { address, db, org, bucket, token, precision } = options
  const lines = createLineBuffer()
  const unit = precision === 'u' || precision === 'n' ? `${precision}s` : precision
  return createHttpPeer({
    ...options,
    url:
      bucket === ''
        ? endpointOf(address, '/write', { db, precision })
        : endpointOf(address, '/api/v2/write', { org, bucket, precision: unit }),
    headers: {
      'Content-Type': 'text/plain; charset=utf-8',
      ...(token === ''
        ? basicAuthorization(address, options.username, options.password)
        : { Authorization: `Token ${token}` }),
    },
    encode: (columns, from, to) => encodeLines(lines, columns, from, to, zeros[precision]),
    // A partial write took the others.
    refusedBy: ({ text }, count) => Number(/partial write.*dropped=(\d+)/s.exec(text)?.[1] ?? count),
  })
}

function encodeLines(
  lines: LineBuffer,
  columns: SampleColumns,
  from: number,
  to: number,
  subseconds: string,
): EncodedRequest {
  let unfit = 0
  for (let i = from; i < to; i++) {
    const series = columns.series[i]
    const value = columns.values[i] ?? Number.NaN
    if (series === undefined || !Number.isFinite(value)) unfit++
    else lines.add(influxLine(series, value, `${columns.timestamps[i]}${subseconds}`))
  }
  return { body: lines.take(), count: to - from - unfit, unfit }
}

/**
 * `metric,endpoint=host,k=v value=0.5 1700000000`, as Open-Falcon's transfer does: the tags and `endpoint`, which wins
 * over a tag of that name. Values keep every digit.
 */
export function influxLine(
  { endpoint, metric, tags }: { endpoint: string; metric: string; tags: string },
  value: number,
  timestamp: string,
): string {
  const text = Object.is(value, -0) ? '-0' : String(value)
  return `${measurement(metric)}${endpoint === '' ? '' : `,endpoint=${escaped(endpoint)}`}${tagText(tags)} value=${text} ${timestamp}\n`
}

/** Canonical tags with nothing to escape are the line protocol's tags already. */
const plainTags = /^[^\s\\,=]+=[^\s\\,=]+(?:,[^\s\\,=]+=[^\s\\,=]+)*$/
const holdsEndpoint = /(?:^|,)endpoint=/

function tagText(tags: string): string {
  if (tags === '') return ''
  if (plainTags.test(tags) && !holdsEndpoint.test(tags)) return `,${tags}`
  let text = ''
  for (const part of tags.split(',')) {
    const at = part.indexOf('=')
    const [key, value] = [part.slice(0, at), part.slice(at + 1)]
    // The protocol has no empty names and values.
    if (at > 0 && value !== '' && key !== 'endpoint') text += `,${escaped(key)}=${escaped(value)}`
  }
  return text
}

function measurement(metric: string): string {
  if (!/[\s\\,#]/.test(metric)) return metric
  // A line that begins with # is a comment; the equals sign needs no escape here, and gets none.
  return plain(metric).replace(/[, ]/g, '\\$&').replace(/^#/, '_')
}

function escaped(text: string): string {
  return /[\s\\,=]/.test(text) ? plain(text).replace(/[,= ]/g, '\\$&') : text
}

/**
 * Without what the line protocol cannot carry, which becomes `_`: line breaks and tabs, and a backslash before a
 * character that is escaped or at the end, where servers disagree on what it escapes.
 */
function plain(text: string): string {
  return text.replace(/[^\S ]|\\(?=[,= ]|$)/g, '_')
}
