import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createCounters } from '#lib/counters'
import type { Counters } from '#lib/counters'
import { countDrops, createDestination } from '#lib/delivery'
import type { DeliveryOrder, Destination, DestinationPeer } from '#lib/delivery'
import { createSeriesTable } from '#lib/link'
import { createLogger } from '#lib/log'
import { openSpool } from '#lib/spool'
import type { SinkContext, SinkLimits, SinkPeer } from './sink.ts'

/**
 * What a peer does with what it gets. `refuses`: takes all but the samples whose metric ends in `.bad`. `hangs`: reads
 * and never answers. `hangs up`: in the middle of what it gets. `is busy`: answers that it cannot now.
 */
export type Behaviour = 'takes' | 'refuses' | 'hangs' | 'hangs up' | 'talks nonsense' | 'is busy'

/** A sample as the peer's own protocol told it. */
export interface TakenSample {
  readonly endpoint: string
  readonly metric: string
  readonly tags: Readonly<Record<string, string>>
  /** Unix seconds. */
  readonly timestamp: number
  readonly value: number
}

/** A real server on a socket of 127.0.0.1. */
export interface FakePeer {
  readonly port: number
  behaviour: Behaviour
  /** Everything it has ever taken, in its order. */
  readonly taken: TakenSample[]
  /** Requests, or connections, that have reached it. */
  seen: number
  close(): Promise<void>
}

export interface SinkMember {
  startPeer(port: number): Promise<FakePeer>
  createPeer(port: number, options: SinkContext & SinkLimits): SinkPeer
  /** Whether the protocol has NaN and infinities. */
  readonly carriesNonFinite: boolean
  /** Whether its answers tell which request, not which sample, was refused. */
  readonly refusesWholeRequests: boolean
}

const log = createLogger('test', { destination: { write: () => undefined } })
const until = (condition: () => boolean) =>
  vi.waitFor(() => expect(condition()).toBe(true), { timeout: 15_000, interval: 5 })

/** What every sink does, whatever its peer does. */
export function describeSink(member: SinkMember): void {
  describe.each<DeliveryOrder>(['strict', 'live-first'])('%s', (order) => {
    const series = createSeriesTable()
    const closers: (() => Promise<void> | void)[] = []
    let dir = ''
    let counters: Counters
    let added = 0

    beforeEach(() => {
      dir = mkdtempSync(join(tmpdir(), 'sink-'))
      counters = createCounters()
      added = 0
    })
    afterEach(async () => {
      for (const close of closers.splice(0).toReversed()) await close()
      rmSync(dir, { recursive: true })
    })

    async function startPeer(port = 0): Promise<FakePeer> {
      const peer = await member.startPeer(port)
      closers.push(() => peer.close())
      return peer
    }

    interface Started {
      readonly destination: Destination
      stop(): Promise<void>
    }

    function start(port: number, limits: Partial<SinkLimits> = {}, maxInFlight = 10_000): Started {
      const name = 'sink.test'
      const given = { batch: 50, maxConns: 2, connectTimeoutMs: 1000, callTimeoutMs: 400, ...limits }
      const spool = openSpool({ dir, maxBytes: 2 ** 24, maxAgeSeconds: 3600, log, onDrop: countDrops(name, counters) })
      const client = member.createPeer(port, { name, counters, log, ...given })
      const destination = createDestination({
        name,
        client,
        spool,
        order,
        ackWithinMs: 300,
        maxInFlight,
        batchSize: 100,
        maxSendings: given.maxConns,
        retryMs: 20,
        series,
        counters,
        log,
      })
      let stopping: Promise<void> | undefined
      const stop = () =>
        (stopping ??= (async () => {
          await destination.close()
          await client.close()
          spool.close()
        })())
      closers.push(stop)
      return { destination, stop }
    }

    const of = (metric: string, tags = '') => series.intern('host-1', metric, tags, 'GAUGE', 60)

    function add(destination: Destination, count: number, metric = (i: number) => `m${i % 7}`): Promise<unknown> {
      const batches = new Set(
        Array.from({ length: count }, () => {
          const i = ++added
          return destination.add(of(metric(i), 'k=v'), 1_700_000_000 + i, i / 8)
        }),
      )
      destination.flush()
      return Promise.all([...batches].map(({ settled }) => settled))
    }

    /** Every sample is in exactly one place. */
    function expectBalance({ destination }: Started, inherited = 0): void {
      const { queued, inFlight, spooled, delivered, refused, returned, dropped } = destination.stats()
      const places = [queued, inFlight, spooled.items, delivered, refused, returned, ...Object.values(dropped)]
      expect(places.reduce((sum, count) => sum + count, 0)).toBe(added + inherited)
    }

    const delivered = ({ destination }: Started) => destination.stats().delivered
    const distinct = (peer: FakePeer) => new Set(peer.taken.map(({ timestamp }) => timestamp)).size
    /** Of each series, times never fall, except where the same ones are told again. */
    function expectOrder(peer: FakePeer): void {
      const seen = new Map<string, number[]>()
      for (const { metric, timestamp } of peer.taken) {
        const times = seen.get(metric) ?? []
        seen.set(metric, times)
        if (!times.includes(timestamp)) {
          expect(timestamp).toBeGreaterThan(Math.max(...times, 0))
          times.push(timestamp)
        }
      }
    }

    test('names, times and values arrive exactly', async () => {
      const peer = await startPeer()
      const sink = start(peer.port)
      const numbers = [0, -0, 0.1, -2.5e-7, 1e21, 123_456_789_012_345_680_000, 5e-324, Number.MAX_VALUE, 2 ** 53, 1 / 3]
      numbers.forEach((value, i) => sink.destination.add(of('cpu.idle', 'a=1,b=x-y'), 1_700_000_000 + i, value))
      added += numbers.length
      sink.destination.flush()
      await until(() => delivered(sink) === numbers.length)
      expect(peer.taken).toEqual(
        numbers.map((value, i) => ({
          endpoint: 'host-1',
          metric: 'cpu.idle',
          tags: { a: '1', b: 'x-y' },
          timestamp: 1_700_000_000 + i,
          value,
        })),
      )
      expectBalance(sink)
    })

    test('NaN and infinities are carried, or refused and counted', async () => {
      const peer = await startPeer()
      const sink = start(peer.port)
      const values = [Number.NaN, Infinity, -Infinity, 1]
      values.forEach((value, i) => sink.destination.add(of(`n${i}`), 1_700_000_000, value))
      added += values.length
      sink.destination.flush()
      await until(() => delivered(sink) === (member.carriesNonFinite ? 4 : 1))
      expect(peer.taken.map(({ value }) => value)).toEqual(member.carriesNonFinite ? values : [1])
      expect(counters.get('sink.test.refused.unfit')).toBe(member.carriesNonFinite ? 0 : 3)
      expect(sink.destination.stats().lastRefusal).toBe(
        member.carriesNonFinite ? undefined : 'the value is NaN or infinite',
      )
      expectBalance(sink)
    })

    test('much is delivered whole, in batches', async () => {
      const peer = await startPeer()
      const sink = start(peer.port, {}, 100_000)
      for (let i = 0; i < 20; i++) await add(sink.destination, 333)
      await until(() => delivered(sink) === added)
      expect(distinct(peer)).toBe(added)
      expectBalance(sink)
    })

    test('while the peer is away samples are on disk; it gets all of them when it comes', async () => {
      const away = await startPeer()
      await away.close()
      const sink = start(away.port)
      for (let i = 0; i < 5; i++) await add(sink.destination, 60)
      await until(() => sink.destination.stats().spooled.items === 300)
      expect(sink.destination.stats().lastError).toMatch(/ECONNREFUSED/)
      expectBalance(sink)
      const peer = await startPeer(away.port)
      await until(() => delivered(sink) === 300)
      expect(distinct(peer)).toBe(300)
      expectOrder(peer)
      expect(sink.destination.stats()).toMatchObject({ spooled: { items: 0 }, lastError: undefined })
    })

    test('what the peer refuses is counted with its reason and never sent again', async () => {
      const peer = await startPeer()
      peer.behaviour = 'refuses'
      const sink = start(peer.port)
      await add(sink.destination, 40, (i) => (i % 4 === 0 ? 'm.bad' : 'm.good'))
      const { destination } = sink
      await until(() => destination.stats().delivered + destination.stats().refused === 40)
      const refused = member.refusesWholeRequests ? 40 : 10
      expect(destination.stats()).toMatchObject({ delivered: 40 - refused, refused, spooled: { items: 0 } })
      expect(counters.get('sink.test.refused.peer')).toBe(refused)
      expect(destination.stats().lastRefusal).toEqual(expect.any(String))
      const before = peer.seen
      await add(destination, 1)
      await until(() => delivered(sink) === 41 - refused)
      expect(peer.seen).toBe(before + 1)
      expectBalance(sink)
    })

    test.each<Behaviour>(['hangs', 'hangs up', 'talks nonsense', 'is busy'])(
      'a peer that %s keeps nobody waiting, memory stays bounded, and all arrives when it recovers',
      async (behaviour) => {
        const peer = await startPeer()
        const sink = start(peer.port, {}, 500)
        await add(sink.destination, 10)
        await until(() => delivered(sink) === 10)
        peer.behaviour = behaviour
        for (let i = 0; i < 12; i++) {
          await add(sink.destination, 100)
          const { queued, inFlight } = sink.destination.stats()
          expect(queued + inFlight).toBeLessThanOrEqual(500)
          expectBalance(sink)
        }
        await until(() => sink.destination.stats().lastError !== undefined)
        expect(sink.destination.stats().spooled.items).toBeGreaterThan(0)
        peer.behaviour = 'takes'
        await until(() => delivered(sink) === added)
        expect(distinct(peer)).toBe(added)
        if (order === 'strict') expectOrder(peer)
        expect(sink.destination.stats()).toMatchObject({ refused: 0, returned: 0, spooled: { items: 0 } })
        expectBalance(sink)
      },
    )

    test('whatever it does in whatever order, every sample arrives and is in one place at any moment', async () => {
      const peer = await startPeer()
      const sink = start(peer.port, { callTimeoutMs: 100 }, 800)
      const moods: readonly Behaviour[] = ['takes', 'hangs', 'takes', 'hangs up', 'talks nonsense', 'takes', 'is busy']
      let seed = 11
      const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
      for (let round = 0; round < 60; round++) {
        if (round % 4 === 0) peer.behaviour = moods[random(moods.length)] ?? 'takes'
        void add(sink.destination, 1 + random(150))
        await new Promise((resolve) => setTimeout(resolve, random(15)))
        expectBalance(sink)
      }
      peer.behaviour = 'takes'
      await until(() => delivered(sink) === added)
      expect(distinct(peer)).toBe(added)
      if (order === 'strict') expectOrder(peer)
      expect(sink.destination.stats()).toMatchObject({ refused: 0, returned: 0, spooled: { items: 0 } })
    })

    test('a peer that hangs does not slow another one', async () => {
      const [hung, well] = [await startPeer(), await startPeer()]
      hung.behaviour = 'hangs'
      const first = start(hung.port)
      const healthy: DestinationPeer = member.createPeer(well.port, {
        name: 'sink.well',
        counters,
        log,
        batch: 50,
        maxConns: 2,
        connectTimeoutMs: 1000,
        callTimeoutMs: 60_000,
      })
      closers.push(() => (healthy as SinkPeer).close())
      const waiting = add(first.destination, 200)
      const columns = { count: 1, series: [of('m')], timestamps: [1_700_000_000], values: [1] }
      await healthy.send({
        ...columns,
        timestamps: Float64Array.from(columns.timestamps),
        values: Float64Array.from(columns.values),
      })
      expect(well.taken).toHaveLength(1)
      await waiting
      expect(delivered(first)).toBe(0)
      expectBalance(first)
    })

    test('what is unsent at the end is sent after the next start', async () => {
      const away = await startPeer()
      await away.close()
      const first = start(away.port)
      await add(first.destination, 120)
      await first.stop()
      const peer = await startPeer(away.port)
      const inherited = added
      added = 0
      const second = start(away.port)
      await until(() => delivered(second) === inherited)
      expect(distinct(peer)).toBe(inherited)
      expectOrder(peer)
      expectBalance(second, inherited)
    })
  })
}
