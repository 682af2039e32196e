import type { Socket } from 'node:net'
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { createCounters } from '#lib/counters'
import { createSeriesTable } from '#lib/link'
import { createLogger } from '#lib/log'
import { describeSink } from './sink.contract.ts'
import type { FakePeer, TakenSample } from './sink.contract.ts'
import { startFakeTcp } from './tcp-peer.contract.ts'
import { tsdbLine } from './tsdb-line.ts'
import { createTsdbPeer } from './tsdb.ts'

/** Takes lines as OpenTSDB does: silently, complaining of bad ones, closing when the peer has ended. */
function startFakeTsdb(port: number): Promise<FakePeer> {
  return startFakeTcp(port, (socket, peer) => {
    let text = ''
    /** A connection that hung once has dropped what it read, and never tells. */
    let hung = false
    peer.seen++
    socket.on('data', (chunk) => {
      // As the kernel says for a process that died with something unread.
      if (peer.behaviour === 'hangs up') return socket.resetAndDestroy()
      hung ||= peer.behaviour === 'hangs'
      if (hung) return undefined
      if (peer.behaviour === 'talks nonsense') return socket.write('HTTP/1.1 400 Bad Request\r\n')
      if (peer.behaviour === 'is busy') return socket.write('put: HBase error: 10000 RPCs waiting, please throttle\n')
      const lines = (text + chunk.toString()).split('\n')
      text = lines.pop() ?? ''
      for (const sample of lines.map(readLine)) {
        if (peer.behaviour !== 'refuses' || !sample.metric.endsWith('.bad')) peer.taken.push(sample)
        else socket.write(`put: unknown metric: No such name for 'metrics': '${sample.metric}'\n`)
      }
      return undefined
    })
    socket.on('end', () => {
      if (!hung && peer.behaviour !== 'hangs') socket.end()
    })
  })
}

function readLine(line: string): TakenSample {
  const [put, metric = '', timestamp, value = '', ...pairs] = line.split(' ')
  expect(put).toBe('put')
  // Digits alone are a 64-bit integer.
  if (/^-?\d+$/.test(value)) expect(BigInt.asIntN(64, BigInt(value))).toBe(BigInt(value))
  const { endpoint = '', ...tags } = Object.fromEntries(pairs.map((pair) => pair.split('='))) as Record<string, string>
  return { endpoint, metric, tags, timestamp: Number(timestamp), value: Number(value) }
}

describeSink({
  carriesNonFinite: false,
  refusesWholeRequests: false,
  startPeer: startFakeTsdb,
  createPeer: (port, options) => createTsdbPeer({ ...options, host: '127.0.0.1', port, confirmAfterMs: 10 }),
})

test.each([
  ['cpu.idle', 'h-1', '', 'put cpu.idle 7 0.5 endpoint=h-1\n'],
  ['df.used', 'h', 'FsType=ext4,mount=/', 'put df.used 7 0.5 endpoint=h fstype=ext4 mount=/\n'],
  ['a b', 'h 1', 'k 1=v=2', 'put a_b 7 0.5 endpoint=h_1 k_1=v_2\n'],
  ['m\n', 'h', 'endpoint=other,empty=,url=http://x:1', 'put m_ 7 0.5 endpoint=h url=http_//x_1\n'],
  ['中', 'h', '', 'put 中 7 0.5 endpoint=h\n'],
])('%s of %s with %s', (metric, endpoint, tags, line) => {
  expect(tsdbLine({ endpoint, metric, tags }, 0.5, 7)).toBe(line)
})

test('whatever the names and the value are, it is one line of what OpenTSDB allows, and the value is exact', () => {
  const text = fc.string({ unit: 'binary' })
  fc.assert(
    fc.property(text, text, text, fc.double(), (metric, endpoint, tags, value) => {
      const line = tsdbLine({ endpoint, metric: `m${metric}`, tags }, value, 7)
      expect(line === undefined).toBe(!Number.isFinite(value))
      if (line === undefined) return
      expect(line).toMatch(/^put [\p{L}0-9\-_./]+ 7 \S+(?: [\p{L}0-9\-_./]+=[\p{L}0-9\-_./]+)*\n$/u)
      expect(Number(line.split(' ')[3])).toBe(value)
    }),
    { numRuns: 500 },
  )
})

test.each([
  [-0, '-0.0'],
  [2 ** 53, '9007199254740992'],
  [2 ** 63, '9223372036854776000.0'],
  [-(2 ** 64), '-18446744073709552000.0'],
  [1e21, '1e+21'],
])('%d is written %s', (value, text) => {
  expect(tsdbLine({ endpoint: 'h', metric: 'm', tags: '' }, value, 7)).toBe(`put m 7 ${text} endpoint=h\n`)
})

const columns = {
  count: 1,
  series: [createSeriesTable().intern('h', 'm', '', 'GAUGE', 60)],
  timestamps: Float64Array.of(7),
  values: Float64Array.of(1),
}

function peerAt(port: number, confirmAfterMs: number) {
  return createTsdbPeer({
    name: 'tsdb.test',
    counters: createCounters(),
    log: createLogger('test', { destination: { write: () => undefined } }),
    batch: 10,
    maxConns: 4,
    connectTimeoutMs: 1000,
    callTimeoutMs: 60_000,
    host: '127.0.0.1',
    port,
    confirmAfterMs,
  })
}

test('a peer that closes a connection before we end it has not delivered its lines', async () => {
  const server = await startFakeTcp(0, (socket) => socket.once('data', () => socket.end()))
  const peer = peerAt(server.port, 60_000)
  await expect(peer.send(columns)).rejects.toThrow('it closed the connection before all was sent')
  expect(peer.connected).toBe(false)
  await peer.close()
  await server.close()
})

test('lines are not delivered before the peer has closed its side, and few connections serve many batches', async () => {
  let connections = 0
  let ended: Socket | undefined
  const server = await startFakeTcp(0, (socket) => {
    connections++
    socket.resume()
    socket.on('end', () => (ended = socket))
  })
  const peer = peerAt(server.port, 20)
  let settled = 0
  const sent = Array.from({ length: 50 }, async () => {
    await peer.send(columns)
    settled++
  })
  await vi.waitFor(() => expect(ended).toBeDefined())
  expect(settled).toBe(0)
  ended?.end()
  await Promise.all(sent)
  expect(connections).toBe(1)
  await peer.close()
  await server.close()
})
