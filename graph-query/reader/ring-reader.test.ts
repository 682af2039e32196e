import { expect, test, vi } from 'vitest'
import type { LinkClient } from '#lib/link'
import { createRing } from '#protocol'
import { startStand, temporaryDir } from '../graph-query.contract.ts'
import type { Stand } from '../graph-query.contract.ts'
import { freePorts } from './free-ports.contract.ts'
import type { Reader } from './reader.ts'
import { createRemoteReader } from './remote-reader.ts'
import { createRingReader } from './ring-reader.ts'
import { readerCalls } from './wire.ts'
import type { LinkAccess } from './wire.ts'

const now = 1_795_191_000
const base = now - (now % 60)
const names = ['graph-00', 'graph-01', 'graph-02']

/** Three nodes on one ring, and samples sent to the nodes that own them, as a transfer does. */
async function startRing(): Promise<{ stands: Stand[]; counters: string[] }> {
  const ports = await freePorts(names.length)
  const cluster = Object.fromEntries(names.map((name, i) => [name, `127.0.0.1:${ports[i]}`]))
  const stands: Stand[] = []
  for (const [i, node] of names.entries())
    stands.push(
      await startStand({
        now: () => now,
        config: {
          rpc: { listen: `127.0.0.1:${ports[i]}` },
          storage: { dir: temporaryDir() },
          node,
          cluster,
          callTimeout: 3000,
        },
      }),
    )
  const ring = createRing(names)
  const counters = Array.from({ length: 30 }, (_, i) => `m${i}/k=${i}`)
  for (const [i, counter] of counters.entries())
    for (const endpoint of ['h1', 'h2']) {
      const owner = ring.nodes.indexOf(ring.nodeOf(`${endpoint}/${counter}`))
      const sample = { endpoint, metric: `m${i}`, tags: `k=${i}`, timestamp: base, value: i + 1 / 3 }
      await stands[owner]?.send([sample])
    }
  // Each node has found the others.
  for (const stand of stands)
    await vi.waitFor(async () =>
      expect((await stand.get('/endpoint?q=.')).headers.get('x-falcon-incomplete')).toBeNull(),
    )
  return { stands, counters }
}

test('any node answers for all of them: history, last points, search with pages, deletion', async () => {
  const { stands, counters } = await startRing()
  const body = {
    hostnames: ['h1', 'h2'],
    counters,
    consol_fun: 'AVERAGE',
    start_time: base - 60,
    end_time: base,
  }
  const answers = await Promise.all(stands.map((stand) => stand.post('/history', body)))
  expect(answers[0]?.json).toHaveLength(60)
  expect(answers[0]?.text).toContain('"counter":"m7/k=7","dstype":"GAUGE","step":60')
  expect(answers[0]?.text).toContain(`{"timestamp":${base},"value":7.333333}`)
  expect(answers[1]?.text).toBe(answers[0]?.text)
  expect(answers[2]?.text).toBe(answers[0]?.text)

  for (const stand of stands) {
    const last = await stand.post(
      '/lastpoint',
      counters.map((counter) => ({ endpoint: 'h2', counter })),
    )
    expect((last.json as { value: { timestamp: number } }[]).every(({ value }) => value.timestamp === base)).toBe(true)
    const found = (await stand.get('/endpoint?q=h')).json as { id: number; endpoint: string }[]
    expect(found.map(({ endpoint }) => endpoint).toSorted()).toEqual(['h1', 'h2'])
    const id = found.find(({ endpoint }) => endpoint === 'h1')?.id
    const pages: string[] = []
    for (let page = 1; page <= 4; page++) {
      const rows = (await stand.get(`/endpoint_counter?eid=${id}&limit=9&page=${page}`)).json as { counter: string }[]
      expect(rows).toHaveLength(page < 4 ? 9 : 3)
      pages.push(...rows.map(({ counter }) => counter))
    }
    expect(pages.toSorted()).toEqual(counters.toSorted())
  }
  const deleted = await stands[1]?.post('/counter', { endpoints: ['h1'], counters: counters.slice(0, 10) }, 'DELETE')
  expect(deleted?.json).toEqual({ affected_counter: 10 })
  expect((await stands[2]?.post('/endpoint', ['h1'], 'DELETE'))?.json).toEqual({
    affected_counter: 20,
    affected_endpoint: 1,
  })
  expect((await stands[0]?.get('/endpoint?q=.'))?.json).toMatchObject([{ endpoint: 'h2' }])
  expect(await stands[0]?.get('/endpoint?q=(')).toMatchObject({ status: 400 })
})

test('while a node is away its series are empty, the answer says so, and the others are there', async () => {
  const { stands, counters } = await startRing()
  const [asked, , gone] = stands
  await gone?.graph.stop()
  const body = { hostnames: ['h1'], counters, consol_fun: 'AVERAGE', start_time: base - 60, end_time: base }
  const answer = await asked?.post('/history', body)
  const elements = answer?.json as { endpoint: string; Values: unknown[] }[]
  expect(elements).toHaveLength(counters.length)
  const missing = elements.filter(({ endpoint }) => endpoint === '')
  const ring = createRing(names)
  expect(missing).toHaveLength(counters.filter((counter) => ring.nodeOf(`h1/${counter}`) === 'graph-02').length)
  expect(missing.length).toBeGreaterThan(0)
  expect(answer?.headers.get('x-falcon-incomplete')).toBe('graph-02')
  const found = await asked?.get('/endpoint?q=.')
  const hosts = (found?.json ?? []) as { endpoint: string }[]
  expect(hosts.map(({ endpoint }) => endpoint).toSorted()).toEqual(['h1', 'h2'])
  expect(found?.headers.get('x-falcon-incomplete')).toBe('graph-02')
  const known = await asked?.get('/endpointobj?endpoints=h1')
  expect(known).toMatchObject({ status: 200, json: [{ endpoint: 'h1', ts: base }] })
  expect(known?.headers.get('x-falcon-incomplete')).toBe('graph-02')
  // Nothing is deleted while somebody is away, who would bring it back.
  expect(await asked?.post('/endpoint', ['h1'], 'DELETE')).toMatchObject({ status: 503 })
  expect((await asked?.get('/endpointobj?endpoints=h1'))?.json).toMatchObject([{ endpoint: 'h1' }])
})

test('a deletion reaches every copy of a node', async () => {
  const ports = await freePorts(2)
  const cluster = { 'graph-00': ports.map((port) => `127.0.0.1:${port}`).join(',') }
  const [one, other] = await Promise.all(
    ports.map((port) =>
      startStand({ now: () => now, config: { rpc: { listen: `127.0.0.1:${port}` }, node: 'graph-00', cluster } }),
    ),
  )
  // A transfer sends to both.
  for (const stand of [one, other])
    await stand?.send(['a', 'b', 'c'].map((metric) => ({ endpoint: 'h', metric, timestamp: base, value: 1 })))
  await vi.waitFor(async () =>
    expect(await one?.post('/counter', { endpoints: ['h'], counters: ['a'] }, 'DELETE')).toMatchObject({
      status: 200,
      json: { affected_counter: 1 },
    }),
  )
  // Until it has reached the first, it cannot tell that there is no point, and leaves the series out.
  await vi.waitFor(
    async () =>
      expect((await other?.post('/lastpoint', [{ endpoint: 'h', counter: 'a' }]))?.text).toContain('"timestamp":0'),
    3000,
  )
  await vi.waitFor(async () =>
    expect(await other?.post('/endpoint', ['h'], 'DELETE')).toMatchObject({
      json: { affected_counter: 2, affected_endpoint: 1 },
    }),
  )
  for (const stand of [one, other]) expect((await stand?.get('/endpoint?q=.'))?.json).toEqual([])
})

test('a node that hangs costs one timeout, not one for each of its series', async () => {
  let calls = 0
  const client: Pick<LinkClient, 'call'> = {
    call: () => {
      calls++
      return Promise.reject(Object.assign(new Error('no answer'), { kind: 'timeout' }))
    },
  }
  const reader = createRemoteReader({
    node: 'graph-09',
    client,
    timeoutMs: 20,
    token: () => '',
  })
  for (let i = 0; i < 50; i++) await expect(reader.last('h', `c${i}`)).rejects.toThrow('Cannot ask graph-09: no answer')
  expect(calls).toBe(1)
})

test('a coarse row of the time of a move is made from the points before and after, each once', async () => {
  const row = (value: number, count: number): Reader =>
    ({
      history: async () => ({
        kind: 'GAUGE',
        step: 60,
        runs: [{ first: 600, interval: 600, values: Float64Array.of(value), counts: Float64Array.of(count) }],
      }),
    }) as Partial<Reader> as Reader
  const ring = (name: string, ...copies: Reader[]) => new Map([[name, copies]])
  const reader = createRingReader({
    nodes: ring('graph-02', row(40, 2), row(40, 2)),
    previous: [ring('graph-01', row(10, 3), row(10, 3)), ring('graph-00', row(20, 1), row(7, 4))],
    replicas: 1,
    now: () => now,
  })
  const request = { endpoint: 'h', counter: 'm', start: 0, end: 600, mostPoints: 10 } as const
  const history = await reader.history({ ...request, consolidation: 'AVERAGE' }, () => undefined)
  // Of the oldest owner's copies the second knows more.
  const average = (2 * 40 + 3 * 10 + 4 * 7) / 9
  expect(history?.runs).toMatchObject([{ values: Float64Array.of(average), counts: Float64Array.of(9) }])
})

test('a node that others reach deletes over the link only for the token', async () => {
  const deleted: string[] = []
  const reader = {
    deleteEndpoints: async (names: readonly string[]) => {
      deleted.push(...names)
      return { endpoints: names.length, counters: 0 }
    },
  } as Partial<Reader> as Reader
  const ask = async (token: string, access: LinkAccess) =>
    readerCalls(reader, access)['graph.deleteEndpoints']?.({ names: ['h'], token })
  await expect(ask('', { token: () => '', isLocal: false })).rejects.toThrow('one token')
  await expect(ask('guess', { token: () => 'secret', isLocal: true })).rejects.toThrow('one token')
  expect(deleted).toEqual([])
  await ask('', { token: () => '', isLocal: true })
  await ask('secret', { token: () => 'secret', isLocal: false })
  expect(deleted).toEqual(['h', 'h'])
})
