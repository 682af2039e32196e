import { array, assert, boolean, nat, property, record } from 'fast-check'
import { expect, test, vi } from 'vitest'
import { createRing } from '#protocol'
import { startStand, temporaryDir } from '../graph-query.contract.ts'
import type { SentSample, Stand } from '../graph-query.contract.ts'
import type { History } from '../store/types.ts'
import { freePorts } from './free-ports.contract.ts'
import { isComplete, mergeHistories } from './merge.ts'

const now = 1_795_191_000
const base = now - (now % 60)
const minutes = 20

interface Values {
  readonly endpoint: string
  readonly Values: readonly { readonly timestamp: number; readonly value: number | null }[]
}

async function start(node: string, port: number | undefined, config: object): Promise<Stand> {
  return startStand({
    now: () => now,
    config: {
      rpc: { listen: `127.0.0.1:${port}` },
      storage: { dir: temporaryDir() },
      node,
      callTimeout: 3000,
      ...config,
    },
  })
}

const samples = (from: number, to: number, more: Partial<SentSample> = {}): SentSample[] =>
  Array.from({ length: to - from }, (_, i) => ({
    endpoint: 'h',
    metric: 'm',
    timestamp: base - (minutes - from - i) * 60,
    value: from + i,
    ...more,
  }))

async function valuesOf(stand: Stand, counters: readonly string[] = ['m']): Promise<(number | null)[][]> {
  const answer = await stand.post('/history', {
    hostnames: ['h'],
    counters,
    consol_fun: 'AVERAGE',
    start_time: base - minutes * 60,
    end_time: base - 60,
  })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('x-falcon-incomplete')).toBeNull()
  return (answer.json as Values[]).map(({ Values }) => Values.map(({ value }) => value))
}

const all = Array.from({ length: minutes }, (_, i) => i)

test('a copy that was away, or wiped, shows no holes: what the other has is answered', async () => {
  const ports = await freePorts(3)
  const copies = `127.0.0.1:${ports[0]},127.0.0.1:${ports[1]}`
  const cluster = { 'graph-00': copies, 'graph-01': `127.0.0.1:${ports[2]}` }
  const [one, other, elsewhere] = await Promise.all([
    start('graph-00', ports[0], { cluster }),
    start('graph-00', ports[1], { cluster }),
    start('graph-01', ports[2], { cluster }),
  ])
  const owned = ['a', 'b', 'c', 'd', 'e', 'f'].filter(
    (metric) => createRing(Object.keys(cluster)).nodeOf(`h/${metric}`) === 'graph-00',
  )
  const [holey = '', wiped = ''] = owned
  await one.send([...samples(0, 5, { metric: holey }), ...samples(9, minutes, { metric: holey })])
  await other.send([...samples(3, 12, { metric: holey }), ...samples(0, minutes, { metric: wiped })])
  for (const stand of [one, other, elsewhere])
    await vi.waitFor(async () => expect(await valuesOf(stand, [holey, wiped])).toEqual([all, all]), 5000)
  for (const stand of [one, other, elsewhere]) {
    const last = await stand.post('/lastpoint', [{ endpoint: 'h', counter: wiped }])
    expect(last.text).toContain(`"timestamp":${base - 60}`)
    expect((await stand.get('/endpoint?q=h')).json).toMatchObject([{ endpoint: 'h' }])
  }
})

test('a grown cluster shows old history with new, deletes both, and says when an old node is away', async () => {
  const ports = await freePorts(3)
  const addresses = Object.fromEntries(ports.map((port, i) => [`graph-0${i}`, `127.0.0.1:${port}`]))
  const { 'graph-02': _, ...before } = addresses
  const config = { cluster: addresses, previousCluster: before }
  const stands = await Promise.all(ports.map((port, i) => start(`graph-0${i}`, port, config)))
  const [oldRing, newRing] = [createRing(Object.keys(before)), createRing(Object.keys(addresses))]
  const metrics = Array.from({ length: 30 }, (_, i) => `m${i}`)
  const moved = metrics.filter((metric) => oldRing.nodeOf(`h/${metric}`) !== newRing.nodeOf(`h/${metric}`))
  expect(moved.length).toBeGreaterThan(3)
  for (const metric of metrics) {
    const at = (name: string) => stands[Object.keys(addresses).indexOf(name)]
    await at(oldRing.nodeOf(`h/${metric}`))?.send(samples(0, 8, { metric }))
    await at(newRing.nodeOf(`h/${metric}`))?.send(samples(8, minutes, { metric }))
  }
  for (const stand of stands)
    await vi.waitFor(async () => expect(await valuesOf(stand, metrics)).toEqual(metrics.map(() => all)), 5000)
  const [first, second, third] = stands
  const found = (await first?.get('/endpoint?q=h'))?.json as { id: number }[]
  const counters = await first?.get(`/endpoint_counter?eid=${found[0]?.id}&limit=100`)
  expect(counters?.json).toHaveLength(metrics.length)
  const gone = moved.slice(0, 2)
  await second?.post('/counter', { endpoints: ['h'], counters: gone }, 'DELETE')
  for (const stand of stands) expect(await valuesOf(stand, gone)).toEqual([])

  const stays = moved.filter((metric) => !gone.includes(metric) && oldRing.nodeOf(`h/${metric}`) === 'graph-00')
  await first?.graph.stop()
  const body = {
    hostnames: ['h'],
    counters: stays,
    consol_fun: 'AVERAGE',
    start_time: base - 1200,
    end_time: base - 60,
  }
  const answer = await third?.post('/history', body)
  expect(answer?.headers.get('x-falcon-incomplete')).toBe('graph-00')
  for (const { Values } of (answer?.json ?? []) as Values[]) {
    expect(Values.slice(0, 8).every(({ value }) => value === null)).toBe(true)
    expect(Values.slice(8).map(({ value }) => value)).toEqual(all.slice(8))
  }
})

const run = (first: number, values: readonly number[]) => ({ first, interval: 60, values: Float64Array.from(values) })
const history = (kind: History['kind'], first: number, values: readonly number[]): History => ({
  kind,
  step: 60,
  runs: [run(first, values)],
})

test('merging any two parts of a series gives all that either knows, and complete means nothing settled is unknown', () => {
  const part = record({ from: nat(20), known: array(boolean(), { minLength: 1, maxLength: 40 }) })
  assert(
    property(part, part, (a, b) => {
      const partOf = ({ from, known }: { from: number; known: boolean[] }) =>
        history(
          'GAUGE',
          6000 + from * 60,
          known.map((is, i) => (is ? from + i : NaN)),
        )
      const knows = (row: number) => [a, b].some(({ from, known }) => known[row - from] === true)
      const merged = mergeHistories([partOf(a), partOf(b)])
      const [joined] = merged?.runs ?? []
      const first = Math.min(a.from, b.from)
      const end = Math.max(a.from + a.known.length, b.from + b.known.length)
      const rows = Array.from({ length: end - first }, (_, i) => first + i)
      expect(joined?.first).toBe(6000 + first * 60)
      expect([...(joined?.values ?? [])]).toEqual(rows.map((row) => (knows(row) ? row : NaN)))
      const range = {
        endpoint: 'h',
        counter: 'm',
        consolidation: 'AVERAGE',
        start: 0,
        end: 1e6,
        mostPoints: 1e6,
      } as const
      expect(isComplete(merged, range, 6000 + 1000 * 60)).toBe(rows.every(knows))
      expect(isComplete(merged, range, 0)).toBe(true)
    }),
  )
})

test('a cluster that changed twice shows the history of every owner, and the newest of their last points', async () => {
  const ports = await freePorts(3)
  const nodes = ports.map((port, i) => [`graph-0${i}`, `127.0.0.1:${port}`] as const)
  const [one, two, three] = [1, 2, 3].map((count) => Object.fromEntries(nodes.slice(0, count)))
  const config = { cluster: three, previousCluster: [two, one] }
  const stands = await Promise.all(ports.map((port, i) => start(`graph-0${i}`, port, config)))
  const rings = [1, 2, 3].map((count) => createRing(nodes.slice(0, count).map(([name]) => name)))
  const metrics = Array.from({ length: 40 }, (_, i) => `m${i}`)
  for (const metric of metrics)
    for (const [i, ring] of rings.entries()) {
      const owner = stands[nodes.findIndex(([name]) => name === ring.nodeOf(`h/${metric}`))]
      await owner?.send(samples([0, 6, 13][i] ?? 0, [6, 13, minutes][i] ?? 0, { metric }))
    }
  const owners = metrics.map((metric) => new Set(rings.map((ring) => ring.nodeOf(`h/${metric}`))).size)
  expect(new Set(owners)).toEqual(new Set([1, 2, 3]))
  for (const stand of stands)
    await vi.waitFor(async () => expect(await valuesOf(stand, metrics)).toEqual(metrics.map(() => all)), 5000)

  // A transfer that still knows the ring of before sends to the owner of before.
  const isMoved = (metric: string) => rings[1]?.nodeOf(`h/${metric}`) !== rings[2]?.nodeOf(`h/${metric}`)
  const moved = Array.from({ length: 40 }, (_, i) => `last${i}`).find(isMoved) ?? ''
  const at = (ring: (typeof rings)[number] | undefined) =>
    stands[nodes.findIndex(([name]) => name === ring?.nodeOf(`h/${moved}`))]
  await at(rings[2])?.send(samples(0, 9, { metric: moved }))
  await at(rings[1])?.send(samples(9, minutes, { metric: moved }))
  for (const stand of stands)
    expect((await stand.post('/lastpoint', [{ endpoint: 'h', counter: moved }])).json).toMatchObject([
      { value: { timestamp: base - 60, value: minutes - 1 } },
    ])
})
