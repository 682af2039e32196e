import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { createCounters } from '#lib/counters'
import { createSeriesTable } from '#lib/link'
import { createLogger } from '#lib/log'
import { projectRoot } from '#lib/module'
import { parseTags } from '#protocol'
import type { CounterType } from '#protocol'
import { describeSink } from './sink.contract.ts'
import type { FakePeer } from './sink.contract.ts'
import { startFakeTcp } from './tcp-peer.contract.ts'
import { createTransferPeer } from './transfer.ts'

interface Call {
  readonly method: string
  readonly id: number
  readonly params: [
    { endpoint: string; metric: string; value: number | string; tags: string; timestamp: number; step: number }[],
  ]
}

const special: Readonly<Record<string, number>> = { NaN: Number.NaN, '+Inf': Infinity, '-Inf': -Infinity }

/** Answers lines of JSON-RPC 1.0 as a transfer does. `lines` gets what came, word by word. */
function startFakeTransfer(port: number, lines: string[] = []): Promise<FakePeer> {
  return startFakeTcp(port, (socket, peer) => {
    let text = ''
    socket.on('end', () => socket.end())
    socket.on('data', (chunk) => {
      if (peer.behaviour === 'hangs up') socket.destroy()
      if (socket.destroyed) return
      const parts = (text + chunk.toString()).split('\n')
      text = parts.pop() ?? ''
      for (const line of parts) {
        lines.push(line)
        peer.seen++
        const answer = answerTo(JSON.parse(line) as Call, peer)
        if (answer !== undefined) socket.write(answer)
      }
    })
  })
}

function answerTo({ id, params: [items] }: Call, peer: FakePeer): string | undefined {
  if (peer.behaviour === 'hangs') return undefined
  if (peer.behaviour === 'talks nonsense') return `{"id":${id},"result":{"Message":"ok"},"error":null}\n`
  if (peer.behaviour === 'is busy') return `{"id":${id},"result":null,"error":"Cannot keep the samples"}\n`
  const good = items.filter(({ metric }) => peer.behaviour !== 'refuses' || !metric.endsWith('.bad'))
  for (const { endpoint, metric, value, tags, timestamp } of good)
    peer.taken.push({
      endpoint,
      metric,
      tags: Object.fromEntries(parseTags(tags)),
      timestamp,
      value: typeof value === 'number' ? value : (special[value] ?? Number(value)),
    })
  const result = { Message: 'ok', Total: items.length, Invalid: items.length - good.length, Latency: 0 }
  return `${JSON.stringify({ id, result, error: null })}\n`
}

describeSink({
  carriesNonFinite: true,
  refusesWholeRequests: false,
  startPeer: startFakeTransfer,
  createPeer: (port, options) => createTransferPeer({ ...options, addresses: [`127.0.0.1:${port}`] }),
})

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

async function startPeer(lines?: string[]): Promise<FakePeer> {
  const peer = await startFakeTransfer(0, lines)
  closers.push(() => peer.close())
  return peer
}

function sendTo(peers: readonly FakePeer[], batch = 200) {
  const peer = createTransferPeer({
    name: 'transfer.cluster',
    counters: createCounters(),
    log: createLogger('test', { destination: { write: () => undefined } }),
    batch,
    maxConns: 32,
    connectTimeoutMs: 1000,
    callTimeoutMs: 1000,
    addresses: peers.map(({ port }) => `127.0.0.1:${port}`),
  })
  closers.push(() => peer.close())
  return peer
}

interface Sent {
  readonly endpoint: string
  readonly metric: string
  readonly value: number
  readonly step: number
  readonly counterType: CounterType
  readonly tags: string
  readonly timestamp: number
}

function columnsOf(items: readonly Sent[]) {
  const table = createSeriesTable()
  return {
    count: items.length,
    series: items.map(({ endpoint, metric, tags, counterType, step }) =>
      table.intern(endpoint, metric, tags, counterType, step),
    ),
    timestamps: Float64Array.from(items, ({ timestamp }) => timestamp),
    values: Float64Array.from(items, ({ value }) => value),
  }
}

test('what goes over the wire is what the Go transfer was recorded to send as a gateway', async () => {
  const file = readFileSync(join(projectRoot, 'test/vectors/wire/gateway-transfer.json'), 'utf8')
  const { exchanges } = JSON.parse(file) as { exchanges: { request: string }[] }
  expect(exchanges.length).toBeGreaterThan(0)
  for (const { request } of exchanges) {
    const { params, id } = JSON.parse(request) as { params: [Sent[]]; id: number }
    expect(id).toBe(0)
    const lines: string[] = []
    const peer = await startPeer(lines)
    await sendTo([peer]).send(columnsOf(params[0]))
    expect(`${lines.join('\n')}\n`).toBe(request)
  }
})

const item = (i: number): Sent => ({
  endpoint: `h${i}`,
  metric: 'm',
  value: i,
  step: 60,
  counterType: 'GAUGE',
  tags: '',
  timestamp: 1_700_000_000 + i,
})
const some = columnsOf(Array.from({ length: 100 }, (_, i) => item(i)))

test('a call holds no more samples than a batch', async () => {
  const lines: string[] = []
  expect(await sendTo([await startPeer(lines)], 30).send(some)).toEqual({ taken: 100, refused: 0 })
  expect(lines.map((line) => (JSON.parse(line) as Call).params[0].length)).toEqual([30, 30, 30, 10])
})

test('each address has its share of the series; when one goes away another takes it over', async () => {
  const [a, b] = [await startPeer(), await startPeer()]
  const peer = sendTo([a, b])
  await peer.send(some)
  expect([a.taken.length, b.taken.length]).toEqual([50, 50])
  await a.close()
  await vi.waitFor(async () => expect(await peer.send(some)).toEqual({ taken: 100, refused: 0 }))
  expect(new Set(b.taken.map(({ endpoint }) => endpoint)).size).toBe(100)
})
