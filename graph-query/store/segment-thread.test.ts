import { once } from 'node:events'
import { readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { createBench, series } from './store-under-test.contract.ts'
import type { Bench } from './store-under-test.contract.ts'
import { createSegmentThread, startWorker } from './segment-thread.ts'

const noon = 1_795_176_000
const slow = { timeout: 60_000 }

/** A store whose segments a real thread writes; the threads it has started so far. */
async function threaded(): Promise<{ bench: Bench; threads: Worker[] }> {
  const threads: Worker[] = []
  const start = () => {
    const thread = startWorker()
    threads.push(thread)
    return thread
  }
  const damaged = (file: string, where: string) => void bench.events.push({ what: 'damaged', file, where })
  const bench = await createBench(noon, { maker: createSegmentThread(damaged, start) })
  return { bench, threads }
}

const valueAt = (series: number, k: number) => series * 1000 + (k % 77) + 0.1

async function feed(bench: Bench, count: number, seriesCount = 300): Promise<void> {
  for (let i = 0; i < seriesCount; i++) {
    const slot = bench.store.define({ endpoint: 'e', counter: `c${i}`, kind: 'GAUGE', step: 60 })
    await bench.feed(
      slot,
      series(bench.clock, 60, count, (k) => valueAt(i, k)),
    )
  }
  bench.clock += count * 60
}

function expectAll(bench: Bench, start: number, count: number): void {
  for (const i of [0, 17, 255, 256, 299])
    expect(bench.read(`c${i}`, start, start + (count - 1) * 60, { width: 1 })).toEqual(
      series(start, 60, count, (k) => valueAt(i, k)),
    )
}

test('a thread writes, merges and makes archive rows, while everything stays readable', slow, async () => {
  const { bench, threads } = await threaded()
  await feed(bench, 1440)
  await feed(bench, 1440)
  bench.clock += 7200
  const expectDays = () => {
    expectAll(bench, noon, 1440)
    expectAll(bench, noon + 86_400, 1440)
  }
  const done = bench.store.maintain()
  let reads = 0
  const state = { running: true }
  const ended = done.finally(() => {
    state.running = false
  })
  while (state.running) {
    expectDays()
    reads++
    await new Promise((resolve) => void setImmediate(resolve))
  }
  await ended
  expect(reads).toBeGreaterThan(2)
  expect(threads.length).toBe(1)
  expectDays()
  const files = readdirSync(join(bench.dir, 'step-60'))
  expect(files.filter((name) => name.startsWith('1-')).length).toBeLessThan(15)
  expect(files.some((name) => name.startsWith('5-'))).toBe(true)
  expect(bench.store.stats().headBytes).toBe(0)
})

test('a thread that dies fails its jobs and loses nothing; the next round has a new one', slow, async () => {
  const { bench, threads } = await threaded()
  await feed(bench, 600)
  bench.clock += 7200
  const round = bench.store.maintain()
  const failed = expect(round).rejects.toThrow(/the thread that writes them ended/)
  const [thread] = threads
  if (!thread) expect.unreachable('a round with work starts a thread')
  await once(thread, 'online')
  await thread.terminate()
  await failed
  expectAll(bench, noon, 600)
  await bench.store.maintain()
  expect(threads.length).toBe(2)
  expectAll(bench, noon, 600)
  expect(bench.store.stats().headBytes).toBe(0)
})

test(
  'a disk that refuses the thread is heard of with its reason, and all is written once it takes it',
  slow,
  async () => {
    const { bench } = await threaded()
    await feed(bench, 120)
    bench.clock += 7200
    const folder = join(bench.dir, 'step-60')
    symlinkSync('/dev/full', join(folder, `1-${noon / 60}-120-1.seg.tmp`))
    await expect(bench.store.maintain()).rejects.toThrow(/ENOSPC/)
    expectAll(bench, noon, 120)
    await bench.store.maintain()
    expectAll(bench, noon, 120)
    expect(bench.store.stats().headBytes).toBe(0)
  },
)

test('damage that the thread meets when it merges is reported', slow, async () => {
  const { bench } = await threaded()
  await feed(bench, 60)
  bench.clock += 130
  await bench.store.maintain()
  const folder = join(bench.dir, 'step-60')
  const name = readdirSync(folder).find((file) => file.startsWith('1-')) ?? ''
  const bytes = readFileSync(join(folder, name))
  // In the block of some series of the first page, after its table.
  bytes[2000] = (bytes[2000] ?? 0) ^ 4
  writeFileSync(join(folder, name), bytes)
  await feed(bench, 60)
  bench.clock += 7200
  await bench.store.maintain()
  expect(bench.events).toMatchObject([{ what: 'damaged', file: join(folder, name) }])
})
