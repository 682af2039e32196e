import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createInThreadMaker } from './in-thread-maker.contract.ts'
import { openStore } from './store.ts'
import type { HistoryRequest, Store, StoreEvent, StoreOptions } from './types.ts'

/** A folder that is removed when the test ends. */
export function temporaryFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'graph-store-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** A store with a clock that the test sets. It can be opened again, as after a restart. */
export interface Bench {
  store: Store
  readonly dir: string
  clock: number
  readonly events: StoreEvent[]
  reopen(options?: Partial<StoreOptions>): Promise<void>
  /** Adds points and commits them. */
  feed(slot: number, points: Iterable<readonly [time: number, value: number]>): Promise<void>
  /** Values of a counter of endpoint `e`, null where nothing is known, by time. */
  read(counter: string, start: number, end: number, more?: Partial<HistoryRequest>): [number, number | null][]
}

export async function createBench(clock: number, options: Partial<StoreOptions> = {}): Promise<Bench> {
  const dir = temporaryFolder()
  const events: StoreEvent[] = []
  const open = (more: Partial<StoreOptions>) =>
    openStore({
      dir,
      now: () => bench.clock,
      maker: createInThreadMaker((file, where) => events.push({ what: 'damaged', file, where })),
      onEvent: (event) => events.push(event),
      ...options,
      ...more,
    })
  const bench: Bench = {
    store: undefined as unknown as Store,
    dir,
    clock,
    events,
    async reopen(more = {}) {
      await bench.store.close()
      bench.store = await open(more)
    },
    async feed(slot, points) {
      for (const [time, value] of points) bench.store.append(slot, time, value)
      await bench.store.commit()
    },
    read(counter, start, end, more = {}) {
      const history = bench.store.query({
        endpoint: 'e',
        counter,
        consolidation: 'AVERAGE',
        start,
        end,
        mostPoints: 1e6,
        ...more,
      })
      return (history?.runs ?? []).flatMap((run) =>
        [...run.values].map((value, i): [number, number | null] => [
          run.first + i * run.interval,
          Number.isNaN(value) ? null : value,
        ]),
      )
    },
  }
  bench.store = await open({})
  onTestFinished(() => bench.store.close())
  return bench
}

/** `count` times from `start`, `step` seconds apart, with the value that `value` gives for each index. */
export function series(start: number, step: number, count: number, value: (i: number) => number): [number, number][] {
  return Array.from({ length: count }, (_, i) => [start + i * step, value(i)])
}
