import { expect, test } from 'vitest'
import { createCounters } from '#lib/counters'
import { createSeriesTable } from '#lib/link'
import { createLogger } from '#lib/log'
import { decodeWriteRequest } from '../../lib/remote-write/decode.reference.ts'
import { startFakeHttp } from './http-peer.contract.ts'
import { createRemoteWritePeer } from './remote-write.ts'
import { describeSink } from './sink.contract.ts'
import type { TakenSample } from './sink.contract.ts'

const access = { username: '', password: '', token: '', names: 'verbatim' } as const

function samplesOf(body: Buffer): TakenSample[] {
  return decodeWriteRequest(body).flatMap(({ labels, names, samples }) => {
    expect(names).toEqual(names.toSorted())
    const { __name__: metric = '', endpoint = '', ...tags } = labels
    return samples.map(({ time, value }) => ({ endpoint, metric, tags, timestamp: time / 1000, value }))
  })
}

describeSink({
  carriesNonFinite: true,
  refusesWholeRequests: true,
  startPeer: (port) =>
    startFakeHttp(port, {
      status: 204,
      takesTheRest: true,
      read({ url, headers }, body) {
        expect(url).toBe('/api/v1/write')
        expect(headers).toMatchObject({
          'content-type': 'application/x-protobuf',
          'content-encoding': 'snappy',
          'x-prometheus-remote-write-version': '0.1.0',
        })
        return samplesOf(body)
      },
      refuse: (response) => void response.writeHead(400).end('out of order sample'),
    }),
  createPeer: (port, options) =>
    createRemoteWritePeer({ ...options, ...access, url: `http://127.0.0.1:${port}/api/v1/write` }),
})

test('names for Prometheus have underscores; token or user and password go along', async () => {
  const seen: unknown[] = []
  const server = await startFakeHttp(0, {
    status: 200,
    takesTheRest: true,
    read({ url, headers }, body) {
      seen.push([url, headers.authorization, samplesOf(body).map(({ metric, tags }) => ({ metric, tags }))])
      return []
    },
    refuse: () => undefined,
  })
  const columns = {
    count: 1,
    series: [createSeriesTable().intern('h', 'net.if-in', 'a.b=c.d', 'COUNTER', 60)],
    timestamps: Float64Array.of(7),
    values: Float64Array.of(1),
  }
  const url = `http://127.0.0.1:${server.port}/api/v1/push?tenant=1`
  for (const members of [
    { names: 'prometheus' as const, token: 't' },
    { username: 'u', password: 'p' },
  ]) {
    const peer = createRemoteWritePeer({
      name: 'p8s_relay.test',
      counters: createCounters(),
      log: createLogger('test', { destination: { write: () => undefined } }),
      batch: 10,
      maxConns: 1,
      connectTimeoutMs: 1000,
      callTimeoutMs: 1000,
      url,
      ...access,
      ...members,
    })
    expect(await peer.send(columns)).toEqual({ taken: 1, refused: 0 })
    await peer.close()
  }
  await server.close()
  expect(seen).toEqual([
    ['/api/v1/push?tenant=1', 'Bearer t', [{ metric: 'net_if_in', tags: { a_b: 'c.d' } }]],
    [
      '/api/v1/push?tenant=1',
      `Basic ${Buffer.from('u:p').toString('base64')}`,
      [{ metric: 'net.if-in', tags: { 'a.b': 'c.d' } }],
    ],
  ])
})
