import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCounters } from '#lib/counters'
import { createSeriesTable } from '#lib/link'
import { createLogger } from '#lib/log'
import { startFakeHttp } from './http-peer.contract.ts'
import { createInfluxdbPeer, influxLine } from './influxdb.ts'
import type { InfluxdbOptions } from './influxdb.ts'
import { describeSink } from './sink.contract.ts'
import type { TakenSample } from './sink.contract.ts'

const access = { db: 'falcon', username: '', password: '', precision: 's', org: '', bucket: '', token: '' } as const

describeSink({
  carriesNonFinite: false,
  refusesWholeRequests: false,
  startPeer: (port) =>
    startFakeHttp(port, {
      status: 204,
      takesTheRest: true,
      read(request, body) {
        expect(request.url).toBe('/write?db=falcon&precision=s')
        return readLines(body.toString())
      },
      refuse: (response, refused) =>
        void response
          .writeHead(400, { 'Content-Type': 'application/json' })
          .end(`{"error":"partial write: field type conflict: input field \\"value\\" dropped=${refused}"}`),
    }),
  createPeer: (port, options) => createInfluxdbPeer({ ...options, ...access, address: `http://127.0.0.1:${port}` }),
})

/** Reads lines as the protocol's description says, not as the encoder writes them. */
function readLines(text: string): TakenSample[] {
  expect(text.endsWith('\n')).toBe(true)
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => {
      const [names = '', fields = '', time = ''] = line.split(/(?<!\\) /)
      const [metric = '', ...pairs] = names.split(/(?<!\\),/)
      const tags = Object.fromEntries(
        pairs.map((pair) => pair.split(/(?<!\\)=/).map((part) => part.replace(/\\([,= ])/g, '$1'))),
      ) as Record<string, string>
      const { endpoint = '', ...others } = tags
      expect(fields).toMatch(/^value=/)
      return {
        endpoint,
        metric: metric.replace(/\\([, ])/g, '$1'),
        tags: others,
        timestamp: Number(time),
        value: Number(fields.slice('value='.length)),
      }
    })
}

test.each([
  ['cpu.idle', 'h', '', 'cpu.idle,endpoint=h value=0.5 7\n'],
  ['df.used', 'h', 'fstype=ext4,mount=/', 'df.used,endpoint=h,fstype=ext4,mount=/ value=0.5 7\n'],
  ['a b,c=d', 'h 1,x=y', 'k 1=v 1=2', 'a\\ b\\,c=d,endpoint=h\\ 1\\,x\\=y,k\\ 1=v\\ 1\\=2 value=0.5 7\n'],
  ['#m', 'h', 'endpoint=other,k=', '_m,endpoint=h value=0.5 7\n'],
  ['m\nn', 'h', 'disk=C:\\,p=a\\b', 'm_n,endpoint=h,disk=C:_,p=a\\b value=0.5 7\n'],
  ['中', 'h', 'u=中', '中,endpoint=h,u=中 value=0.5 7\n'],
])('%s of %s with %s', (metric, endpoint, tags, line) => {
  expect(influxLine({ endpoint, metric, tags }, 0.5, '7')).toBe(line)
})

/** Pieces of a text between delimiters that a server takes for unescaped. */
type Split = (text: string, delimiter: ' ' | ',' | '=') => string[]

/** As InfluxDB sees it: any backslash before a delimiter escapes it. */
const likeInfluxdb: Split = (text, delimiter) => text.split(new RegExp(`(?<!\\\\)${delimiter}`))

/** As VictoriaMetrics sees it: a backslash may itself be escaped, so an odd number of them escapes. */
const likeVictoriaMetrics: Split = (text, delimiter) => {
  const parts = ['']
  let backslashes = 0
  for (const character of text) {
    if (character === delimiter && backslashes % 2 === 0) parts.push('')
    else parts.push(`${parts.pop() ?? ''}${character}`)
    backslashes = character === '\\' ? backslashes + 1 : 0
  }
  return parts
}

const unescaped = (text: string) => text.replace(/\\([,= ])/g, '$1')
const name = fc.string({
  unit: fc.constantFrom('a', 'B', '.', '-', '=', ',', ' ', '\\', '#', '\n', '\t', '中'),
  minLength: 1,
})
const key = name.map((text) => text.replace(/[=, ]/g, '') || 'k')
const lossy = /[\n\t]|\\[\\,= ]|\\$|^#/

test('whatever the names are, it is one line, which both servers split at the same places into the same names', () => {
  fc.assert(
    fc.property(name, name, key, name, (metric, endpoint, tag, text) => {
      // Blanks and commas are no part of canonical tags' values; see sortTags.
      const value = text.replace(/[, ]/g, '') || 'v'
      const line = influxLine({ endpoint, metric, tags: `${tag}=${value}` }, 0.5, '7')
      expect(line.indexOf('\n')).toBe(line.length - 1)
      const [first, second] = [likeInfluxdb, likeVictoriaMetrics].map((split) => {
        const [names = '', ...rest] = split(line.slice(0, -1), ' ')
        return [split(names, ',').map((part, i) => (i === 0 ? [part] : split(part, '='))), rest]
      })
      expect(first).toEqual(second)
      expect(first?.[1]).toEqual(['value=0.5', '7'])
      if ([metric, endpoint, tag, value].some((one) => lossy.test(one)) || tag === 'endpoint') return
      const [names] = first as [string[][]]
      expect(names.map((parts) => parts.map(unescaped))).toEqual([[metric], ['endpoint', endpoint], [tag, value]])
    }),
    { numRuns: 2000 },
  )
})

const columns = {
  count: 2,
  series: Array.from({ length: 2 }, () => createSeriesTable().intern('h', 'm', '', 'GAUGE', 60)),
  timestamps: Float64Array.of(7, 8),
  values: Float64Array.of(1, 2),
}

function peerWith(port: number, members: Partial<InfluxdbOptions>) {
  return createInfluxdbPeer({
    name: 'influxdb.test',
    counters: createCounters(),
    log: createLogger('test', { destination: { write: () => undefined } }),
    batch: 10,
    maxConns: 1,
    connectTimeoutMs: 1000,
    callTimeoutMs: 1000,
    address: `http://127.0.0.1:${port}`,
    ...access,
    ...members,
  })
}

test('version 2 gets its path, token and unit of time; version 1 a user and password', async () => {
  const seen: unknown[] = []
  const server = await startFakeHttp(0, {
    status: 204,
    takesTheRest: true,
    read({ url, headers }, body) {
      seen.push([url, headers.authorization, body.toString()])
      return []
    },
    refuse: () => undefined,
  })
  const second = peerWith(server.port, { org: 'o', bucket: 'b', token: 't', precision: 'n' })
  await second.send(columns)
  const first = peerWith(server.port, { username: 'admin', password: 'secret', precision: 'ms' })
  await first.send(columns)
  const inUrl = peerWith(server.port, { address: `http://u:p%40@127.0.0.1:${server.port}/influx/` })
  await inUrl.send(columns)
  for (const peer of [first, second, inUrl]) await peer.close()
  await server.close()
  const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`
  expect(seen).toEqual([
    [
      '/api/v2/write?org=o&bucket=b&precision=ns',
      'Token t',
      'm,endpoint=h value=1 7000000000\nm,endpoint=h value=2 8000000000\n',
    ],
    ['/write?db=falcon&precision=ms', basic('admin:secret'), 'm,endpoint=h value=1 7000\nm,endpoint=h value=2 8000\n'],
    ['/influx/write?db=falcon&precision=s', basic('u:p@'), 'm,endpoint=h value=1 7\nm,endpoint=h value=2 8\n'],
  ])
})

test.each([401, 403, 404, 413, 429, 500, 302])(
  'an answer %i is no verdict on the samples: they are sent again',
  async (status) => {
    const server = await startFakeHttp(0, { status, takesTheRest: true, read: () => [], refuse: () => undefined })
    const peer = peerWith(server.port, {})
    await expect(peer.send(columns)).rejects.toThrow(`Cannot send to 127.0.0.1:${server.port}: it answers ${status}`)
    expect(peer.connected).toBe(false)
    await peer.close()
    await server.close()
  },
)
