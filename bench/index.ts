import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readPattern } from '../graph-query/store/pattern.ts'
import { openStore } from '../graph-query/store/store.ts'
import type { SeriesName, Store } from '../graph-query/store/types.ts'
import type { Reached } from './goals.ts'

const start = 1_795_176_000
const counters = 100

/** What a series costs in graph's list and index, how fast the list is read, and the worst searches. */
export async function run(): Promise<Reached> {
  let search = 0
  let searchDistinct = 0
  for (const [count, distinct] of [
    [100_000, false],
    [1_000_000, false],
    [2_000_000, false],
    [2_000_000, true],
  ] as const)
    if (distinct) searchDistinct = await measure(count, distinct)
    else search = await measure(count, distinct)
  return { search, searchDistinct }
}

function nameOf(i: number, distinct: boolean): SeriesName {
  const endpoint = `host${Math.floor(i / counters)}.example`
  const counter = `proc.metric${i % counters}/name=java${distinct ? `,pid=${1_000_000 + i}` : ''}`
  return { endpoint, counter, kind: 'GAUGE', step: 60 }
}

/** The milliseconds of the slowest first page. */
async function measure(count: number, distinct: boolean): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'index-bench-'))
  try {
    console.log(`\n${count} series, ${distinct ? 'all counters different' : `${counters} counters a host`}:`)
    const open = () => openStore({ dir, now: () => start, onEvent: () => undefined })
    let store = await open()
    const ours = await cost(count, async () => {
      for (let i = 0; i < count; i++) store.define(nameOf(i, distinct))
      // The list is written with the first points.
      store.append(0, start, 1)
      await store.commit()
    })
    show('define, list written', ours)
    await store.close()
    const began = performance.now()
    store = await open()
    console.log(`  open again ${(performance.now() - began).toFixed(0)} ms`)
    const slowest = await searches(store, count)
    await store.close()
    const map = new Map<string, number>()
    const plain = await cost(count, async () => {
      for (let i = 0; i < count; i++) {
        const { endpoint, counter } = nameOf(i, distinct)
        map.set(`${endpoint}/${counter}`, i)
      }
    })
    show(`a Map of ${map.size} names`, plain)
    console.log(
      `  heap ${(ours.heap / plain.heap).toFixed(2)}, time ${(ours.seconds / plain.seconds).toFixed(2)} of the Map's`,
    )
    return slowest
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

interface Cost {
  readonly seconds: number
  /** Bytes a series. */
  readonly heap: number
  /** Of arrays outside the heap, room that waits for more included. */
  readonly outside: number
  readonly count: number
}

async function cost(count: number, work: () => Promise<void>): Promise<Cost> {
  const collect = globalThis.gc ?? (() => undefined)
  collect()
  const before = process.memoryUsage()
  const cpu = process.cpuUsage()
  await work()
  const used = process.cpuUsage(cpu)
  collect()
  const after = process.memoryUsage()
  const heap = (after.heapUsed - before.heapUsed) / count
  return { seconds: (used.user + used.system) / 1e6, heap, outside: (after.external - before.external) / count, count }
}

function show(what: string, { seconds, heap, outside, count }: Cost): void {
  const rate = (count / seconds / 1e6).toFixed(2)
  console.log(
    `  ${what.padEnd(28)} ${rate} M/s CPU, heap ${heap.toFixed(1)} B, outside it ${outside.toFixed(0)} B a series`,
  )
}

async function searches(store: Store, count: number): Promise<number> {
  const names = Array.from({ length: count / counters }, (_, i) => `host${i}.example`)
  const endpointIds = store.endpoints(names).map(({ id }) => id)
  const page = { page: 1, limit: 500 }
  let slowest = 0
  for (const text of ['metric99', 'zzqx', 'zz[qx]', '[0-9]{9}', 'metric9.*zz$', '!java', '.+']) {
    const pattern = readPattern(text, { negation: true })
    if (!pattern.ok) throw new Error(pattern.reason)
    const ms = await timed(`counters ${text}`, () =>
      store.searchCounters({ endpointIds, name: pattern.value, ...page }),
    )
    slowest = Math.max(slowest, ms)
  }
  await timed('counters .+, page 1000', () =>
    store.searchCounters({ endpointIds, name: () => true, page: 1000, limit: 500 }),
  )
  await timed('endpoints with tags zzqx', () => store.searchEndpoints({ name: () => true, parts: ['zzqx'], ...page }))
  return slowest
}

/** The median of three calls, in milliseconds. */
async function timed(what: string, search: () => Promise<readonly unknown[]>): Promise<number> {
  const took: number[] = []
  let found = 0
  for (let i = 0; i < 3; i++) {
    const began = performance.now()
    found = (await search()).length
    took.push(performance.now() - began)
  }
  const ms = took.toSorted((a, b) => a - b)[1] ?? NaN
  console.log(`  ${what.padEnd(28)} ${ms.toFixed(1)} ms, ${found} found`)
  return ms
}
