import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { readMetricValues, refusalOf } from '#protocol'
import type { ReceivedItem } from '#protocol'
import { createCounters } from '#lib/counters'
import type { Counters } from '#lib/counters'
import { createLogger } from '#lib/log'
import { createRpcClient, defineMethod, listenRpc } from '#lib/rpc'
import type { RpcServer } from '#lib/rpc'
import { openSpool } from '#lib/spool'
import { createSampleQueue } from './queue.ts'
import { startSender } from './sender.ts'

const log = createLogger('agent', { destination: { write: () => undefined } })
const cleaning: (() => Promise<unknown> | void)[] = []
let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sender-'))
})
afterEach(async () => {
  for (const clean of cleaning.splice(0).toReversed()) await clean()
  rmSync(dir, { recursive: true })
})

const sample = (n: number): ReceivedItem => ({
  endpoint: 'h1',
  metric: `m${n}`,
  value: n,
  step: 60,
  counterType: 'GAUGE',
  tags: '',
  timestamp: 1000 + n,
})
const samples = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => sample(from + i))
const numbers = (items: readonly ReceivedItem[]) => items.map(({ value }) => value)

/** A transfer that keeps what it takes. `refuse` may answer a call with an error, `hang` keeps it waiting. */
async function transfer(
  options: { port?: number; refuse?: (items: (ReceivedItem | null)[]) => string | undefined } = {},
) {
  const taken: ReceivedItem[] = []
  const calls: number[] = []
  const server: RpcServer = await listenRpc({
    listen: `127.0.0.1:${options.port ?? 0}`,
    methods: [
      defineMethod({
        name: 'Transfer.Update',
        read: readMetricValues,
        handle(items: (ReceivedItem | null)[]) {
          const refusal = options.refuse?.(items)
          if (refusal !== undefined) throw new Error(refusal)
          calls.push(items.length)
          const valid = items.filter((item): item is ReceivedItem => refusalOf(item) === undefined)
          taken.push(...valid)
          return { Message: 'ok', Total: items.length, Invalid: items.length - valid.length, Latency: 0 }
        },
      }),
    ],
    context: undefined,
    log,
    counters: createCounters(),
  })
  let open = true
  const close = async () => {
    if (open) await server.close()
    open = false
  }
  cleaning.push(close)
  return { port: server.port, address: `127.0.0.1:${server.port}`, taken, calls, close }
}

function sending(addresses: string[], options: { now?: () => number; maxBytes?: number; counters?: Counters } = {}) {
  const counters = options.counters ?? createCounters()
  const now = options.now ?? Date.now
  const spool = openSpool({
    dir: join(dir, 'spool'),
    maxBytes: options.maxBytes ?? 10_000_000,
    maxAgeSeconds: 86_400,
    log,
    onDrop: (items, reason) => counters.add(`dropped.${reason}`, items),
  })
  const queue = createSampleQueue({ spool, counters, log, now })
  const sender = startSender({
    client: createRpcClient({ addresses, connectTimeoutMs: 500, callTimeoutMs: 1000, log, random: () => 0 }),
    addressCount: () => addresses.length,
    queue,
    counters,
    log,
    now,
    random: () => 0,
  })
  let running = true
  const stop = async () => {
    if (running) await sender.stop()
    running = false
  }
  cleaning.push(stop)
  return { sender, counters, stop }
}

/** A port nobody listens on. */
async function freePort(): Promise<number> {
  const server = await transfer()
  await server.close()
  return server.port
}

test('samples go out in order, in calls of at most 200, and are counted once', async () => {
  const peer = await transfer()
  const { sender, counters } = sending([peer.address])
  sender.add(samples(0, 450))
  await vi.waitFor(() => expect(counters.get('delivered')).toBe(450))
  expect(numbers(peer.taken)).toEqual(numbers(samples(0, 450)))
  expect(peer.calls).toEqual([200, 200, 50])
  expect(sender.state()).toMatchObject({ memoryItems: 0, spoolItems: 0, trouble: undefined })
})

test('who waits for an answer gets it when transfer has the samples', async () => {
  const peer = await transfer()
  const { sender } = sending([peer.address])
  expect(await sender.keep(samples(0, 3))).toBe(true)
  expect(numbers(peer.taken)).toEqual([0, 1, 2])
})

test('while transfer is away who waits gets its answer when the disk has the samples', async () => {
  const { sender } = sending([`127.0.0.1:${await freePort()}`])
  expect(await sender.keep(samples(0, 250))).toBe(true)
  expect(sender.state()).toMatchObject({ memoryItems: 0, spoolItems: 250 })
  expect(await sender.keep([])).toBe(true)
})

test('when neither transfer nor the disk takes the samples, who waits is told so', async () => {
  const { sender, counters } = sending([`127.0.0.1:${await freePort()}`], { maxBytes: 1 })
  expect(await sender.keep(samples(0, 3))).toBe(false)
  expect(counters.get('delivered')).toBe(0)
})

test('what transfer calls invalid is counted as rejected', async () => {
  const peer = await transfer()
  const { sender, counters } = sending([peer.address])
  sender.add([sample(1), { ...sample(2), step: 0 }, sample(3)])
  await vi.waitFor(() => expect(counters.get('delivered')).toBe(2))
  expect(counters.get('rejected')).toBe(1)
})

test('one item that transfer cannot decode costs only itself', async () => {
  const peer = await transfer({
    refuse: (items) => (items.some((item) => item?.metric === 'm77') ? 'json: cannot unmarshal this' : undefined),
  })
  const { sender, counters } = sending([peer.address])
  sender.add(samples(0, 300))
  await vi.waitFor(() => expect(counters.get('delivered')).toBe(299))
  expect(counters.get('rejected')).toBe(1)
  expect(numbers(peer.taken)).toEqual(numbers(samples(0, 300).filter(({ value }) => value !== 77)))
})

test('a transfer that cannot take anything now costs nothing', async () => {
  let full = true
  const peer = await transfer({ refuse: () => (full ? 'Cannot keep the samples: no space left on device' : undefined) })
  const { sender, counters } = sending([peer.address])
  sender.add(samples(0, 10))
  await vi.waitFor(() => expect(sender.state().trouble).toContain('no space left'))
  full = false
  await vi.waitFor(() => expect(counters.get('delivered')).toBe(10), { timeout: 4000 })
})

test('while transfer is away samples wait, first in memory, then on disk, and come out in order with their own times', async () => {
  const port = await freePort()
  let nowMs = 1_000_000
  const { sender, counters } = sending([`127.0.0.1:${port}`], { now: () => nowMs })
  sender.add(samples(0, 300))
  await vi.waitFor(() => expect(sender.state().trouble).toContain('Cannot connect'))
  expect(sender.state()).toMatchObject({ memoryItems: 300, spoolItems: 0 })
  nowMs += 5001
  sender.add(samples(300, 310))
  await vi.waitFor(() => expect(sender.state()).toMatchObject({ memoryItems: 10, spoolItems: 300 }), { timeout: 3000 })
  const peer = await transfer({ port })
  await vi.waitFor(() => expect(counters.get('delivered')).toBe(310), { timeout: 4000 })
  expect(peer.taken).toEqual(samples(0, 310))
  expect(sender.state()).toMatchObject({ memoryItems: 0, spoolItems: 0, trouble: undefined })
})

test('what a stop cannot send any more is sent by the next start', async () => {
  const port = await freePort()
  const first = sending([`127.0.0.1:${port}`])
  first.sender.add(samples(0, 30))
  await first.stop()
  const peer = await transfer({ port })
  const second = sending([peer.address])
  second.sender.add(samples(30, 40))
  await vi.waitFor(() => expect(second.counters.get('delivered')).toBe(40), { timeout: 4000 })
  expect(peer.taken).toEqual(samples(0, 40))
})

test('a stop sends what is held when transfer is there', async () => {
  const peer = await transfer()
  const { sender, counters, stop } = sending([peer.address])
  sender.add(samples(0, 1000))
  await stop()
  expect(counters.get('delivered')).toBe(1000)
  expect(peer.taken).toHaveLength(1000)
})

test('when one of two transfers goes, the other takes over without loss or a long pause', async () => {
  const peers = [await transfer(), await transfer()]
  const { sender, counters } = sending(peers.map(({ address }) => address))
  sender.add(samples(0, 10))
  await vi.waitFor(() => expect(counters.get('delivered')).toBe(10))
  const [busy, idle] = peers.toSorted((a, b) => b.taken.length - a.taken.length)
  await busy?.close()
  sender.add(samples(10, 20))
  await vi.waitFor(() => expect(counters.get('delivered')).toBe(20), { timeout: 900 })
  expect(idle?.taken).toEqual(samples(10, 20))
})

test('a transfer that takes connections but never answers is left for the other one', async () => {
  const silent = await listenRpc({
    listen: '127.0.0.1:0',
    methods: [
      defineMethod({
        name: 'Transfer.Update',
        read: readMetricValues,
        handle: () => new Promise<never>(() => undefined),
      }),
    ],
    context: undefined,
    log,
    counters: createCounters(),
  })
  cleaning.push(() => void silent.close())
  const peer = await transfer()
  // With random 0 the first address comes first.
  const { sender, counters } = sending([`127.0.0.1:${silent.port}`, peer.address])
  sender.add(samples(0, 10))
  await vi.waitFor(() => expect(counters.get('delivered')).toBe(10), { timeout: 4000 })
  expect(peer.taken).toEqual(samples(0, 10))
})

test('a full spool drops the oldest, and every sample is in exactly one count', async () => {
  const port = await freePort()
  let nowMs = 1_000_000
  const { sender, counters } = sending([`127.0.0.1:${port}`], { now: () => nowMs, maxBytes: 100_000 })
  sender.add(samples(0, 4000))
  nowMs += 5001
  await vi.waitFor(() => expect(sender.state().memoryItems).toBe(0), { timeout: 4000 })
  const dropped = counters.get('dropped.size')
  expect(dropped).toBeGreaterThan(0)
  const peer = await transfer({ port })
  await vi.waitFor(() => expect(counters.get('delivered') + dropped).toBe(4000), { timeout: 4000 })
  expect(peer.taken.at(-1)).toEqual(sample(3999))
  expect(numbers(peer.taken)).toEqual(numbers(samples(dropped, 4000)))
})
