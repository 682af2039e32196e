import { appendFileSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { assert, asyncProperty, integer } from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createCounters } from '#lib/counters'
import type { LinkClient } from '#lib/link'
import { quiet } from '../graph-query.contract.ts'
import { defaultArchives } from '../store/layout.ts'
import { openStore } from '../store/store.ts'
import { createBench, series, temporaryFolder } from '../store/store-under-test.contract.ts'
import type { Bench } from '../store/store-under-test.contract.ts'
import { verifyStore } from '../store/verify.ts'
import { createCopyGiver } from './copy-giver.ts'
import { copyMethod } from './copy-questions.ts'
import { createCopyProgress } from './copy-progress.ts'
import { CopyBroken, createCopySource } from './copy-source.ts'
import type { CopySource } from './copy-source.ts'
import { takeCopy } from './take-copy.ts'

// Whole stores are written and read, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 })

const noon = 1_795_176_000
const counters = ['c0', 'c1', 'c2']

/** Two days of three series, most of it in segments and archives; more can be added by the minute. */
async function filled(): Promise<Bench & { minutes: number; minute(): Promise<void> }> {
  const bench = await createBench(noon)
  const slots = counters.map((counter, i) =>
    bench.store.define({ endpoint: 'e', counter, kind: i === 2 ? 'DERIVE' : 'GAUGE', step: 60 }),
  )
  for (const [i, slot] of slots.entries())
    await bench.feed(
      slot,
      series(noon - 2 * 86_400, 60, 2880, (k) => i * 10_000 + k),
    )
  await bench.store.maintain()
  return Object.assign(bench, {
    minutes: 2880,
    async minute() {
      const time = noon - 2 * 86_400 + this.minutes * 60
      bench.clock = time
      for (const [i, slot] of slots.entries()) bench.store.append(slot, time, i * 10_000 + this.minutes)
      await bench.store.commit()
      this.minutes++
      if (this.minutes % 4 === 0) await bench.store.maintain()
    },
  })
}

interface Way {
  /** Called before each call, which fails when it throws. */
  readonly meet?: (method: string, params: { path?: string }) => Promise<void> | void
  readonly change?: (method: string, answer: unknown) => unknown
  readonly shown?: string
}

/** Asks the giver of a running store, without a network between. */
function sourceOf(bench: Bench, { meet, change, shown = 'secret' }: Way = {}): CopySource {
  const giver = createCopyGiver({
    dir: bench.dir,
    access: { token: () => 'secret', isLocal: false },
    begins: 0,
    bytes: () => 0,
    bytesPerSecond: 1e12,
    counters: createCounters(),
    log: quiet,
  })
  onTestFinished(() => giver.close())
  const client: Pick<LinkClient, 'call' | 'onConnect'> = {
    async call(method, params) {
      await meet?.(method, params as object)
      const answer = await giver.calls[method]?.(params)
      return change ? change(method, answer) : answer
    },
    onConnect: () => undefined,
  }
  return createCopySource(client, shown)
}

const verify = (dir: string) =>
  verifyStore({
    dir,
    archives: defaultArchives,
    rawRetentionSeconds: 30 * 86_400,
    live: false,
    deep: true,
    progress: () => undefined,
  })

/** The copy is whole, and answers what the original answers, raw and coarse, up to `end` at least. */
async function expectSame(bench: Bench, dir: string, end: number): Promise<void> {
  expect(verify(dir)).toMatchObject({ damages: [], notes: [] })
  const copy = await openStore({ dir, now: () => bench.clock, onEvent: (event) => expect(event).toBeUndefined() })
  try {
    for (const counter of counters)
      for (const width of [1, 5, 20]) {
        const start = noon - 2 * 86_400
        const coarse = { endpoint: 'e', counter, consolidation: 'MAX', width, start, mostPoints: 1e6 } as const
        const request = { ...coarse, end: end - (end % (60 * width)) }
        expect(copy.query(request)).toEqual(bench.store.query(request))
      }
  } finally {
    await copy.close()
  }
}

test('a running store is copied whole, and what it takes meanwhile does no harm', async () => {
  const bench = await filled()
  const folder = temporaryFolder()
  const begun = noon
  await takeCopy(sourceOf(bench, { meet: () => bench.minute() }), folder, createCopyProgress())
  expect(bench.minutes).toBeGreaterThan(2900)
  await expectSame(bench, folder, begun)
})

test('a copy broken off anywhere, again and again, is whole in the end, and fetches no segment twice', async () => {
  const bench = await filled()
  await assert(
    asyncProperty(integer({ min: 1, max: 40 }), async (patience) => {
      const folder = temporaryFolder()
      const whole = new Set<string>()
      for (let tries = 1; ; tries++) {
        // Each time a little further, since the log comes anew.
        let left = patience * tries
        let path = ''
        const source = sourceOf(bench, {
          meet(method, params) {
            if (left-- === 0) throw new Error('gone')
            path = params.path ?? path
            if (method === copyMethod('open')) expect(whole).not.toContain(path)
            if (method === copyMethod('close') && path.endsWith('.seg')) whole.add(path)
          },
        })
        const outcome = await takeCopy(source, folder, createCopyProgress()).catch((error: unknown) => error)
        if (outcome === undefined) break
        expect(outcome).toBeInstanceOf(CopyBroken)
        expect((outcome as Error).message).toBe('gone')
      }
      expect(whole.size).toBeGreaterThan(3)
      await expectSame(bench, folder, noon)
    }),
    { numRuns: 6 },
  )
})

test('what a death left half written is not taken for whole, nor a file that is no longer the same', async () => {
  const bench = await filled()
  const folder = temporaryFolder()
  await takeCopy(sourceOf(bench), folder, createCopyProgress())
  const step = join(folder, 'step-60')
  const [first = '', second = ''] = readdirSync(step)
  appendFileSync(join(step, first), 'x')
  writeFileSync(join(step, second), readFileSync(join(step, second)))
  writeFileSync(join(step, '1-2-3-4.seg.part'), 'half')
  writeFileSync(join(step, '1-2-3-4.seg'), 'of another store')
  const progress = createCopyProgress()
  await takeCopy(sourceOf(bench), folder, progress)
  expect(existsSync(join(step, '1-2-3-4.seg'))).toBe(false)
  expect(existsSync(join(step, '1-2-3-4.seg.part'))).toBe(false)
  expect(statSync(join(step, first)).size).toBe(statSync(join(bench.dir, 'step-60', first)).size)
  await expectSame(bench, folder, noon)
})

test('bytes that change on the way are found out, also when there are more or fewer', async () => {
  const bench = await filled()
  const damages: ((answer: Buffer) => Buffer)[] = [
    (answer) => {
      const damaged = Buffer.from(answer)
      damaged[answer.length - 1] = (damaged.at(-1) ?? 0) ^ 1
      return damaged
    },
    (answer) => answer.subarray(0, -1),
    (answer) => Buffer.concat([answer, Buffer.alloc(1)]),
    // A piece of another place.
    (answer) => {
      const moved = Buffer.from(answer)
      moved[0] = (moved[0] ?? 0) ^ 255
      return moved
    },
  ]
  for (const damage of damages) {
    let met = 0
    const change = (_method: string, answer: unknown) =>
      answer instanceof Uint8Array && met++ === 3 ? damage(Buffer.from(answer)) : answer
    const taking = takeCopy(sourceOf(bench, { change }), temporaryFolder(), createCopyProgress())
    await expect(taking).rejects.toThrow(/arrived damaged|something else came/)
  }
})

test('whoever does not know the token gets nothing', async () => {
  const bench = await filled()
  const taking = takeCopy(sourceOf(bench, { shown: 'guess' }), temporaryFolder(), createCopyProgress())
  await expect(taking).rejects.toThrow('the graphs of a cluster must have one token')
})

test('only files of a store are given', async () => {
  const bench = await filled()
  const source = sourceOf(bench)
  for (const path of ['history.json', '../secret', 'wal/../../secret', '/etc/passwd', 'ledger/1'])
    await expect(source.open(path)).rejects.toBeInstanceOf(CopyBroken)
  expect((await source.list()).map(({ path }) => path.replace(/\d+/g, 'N').replace(/N(-N)+/, 'N'))).toContain(
    'series.log',
  )
})

test('progress tells bytes, rate and time left', () => {
  let clock = 0
  const progress = createCopyProgress(() => clock)
  expect(progress.describe()).toBe('0 % (0.00 of 0.00 MB, 0 MB/s)')
  progress.expect(10e9)
  progress.kept(2e9)
  clock = 10_000
  progress.received(5e8)
  expect(progress.describe()).toBe('25 % (2.50 of 10.00 GB, 50 MB/s, 3 min left)')
})
