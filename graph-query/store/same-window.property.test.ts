import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Points } from './history.ts'
import { defaultArchives } from './layout.ts'
import { nearlyEqual } from './naive-model.reference.ts'
import type { NaiveSeries } from './naive-model.reference.ts'
import { act, createWork, workSeries, workStart } from './random-work.contract.ts'
import type { Bench } from './store-under-test.contract.ts'

const window = fc.record({
  series: fc.nat(workSeries.length - 1),
  /** Seconds from the start of the work. */
  from: fc.integer({ min: -20_000, max: 80_000 }),
  seconds: fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 1, max: 80_000 }) }, fc.constant(0)),
  width: fc.constantFrom(undefined, ...defaultArchives.map(({ steps }) => steps)),
  consolidation: fc.constantFrom('AVERAGE' as const, 'MAX' as const, 'MIN' as const),
  /** By how much another chart of the same rows begins and ends elsewhere. */
  shift: fc.tuple(fc.integer({ min: -20_000, max: 20_000 }), fc.integer({ min: -20_000, max: 20_000 })),
})
type Window = typeof window extends fc.Arbitrary<infer T> ? T : never

interface Row {
  readonly answered: number
  readonly expected: number
}

/** A chart as it was looked at. */
interface Look {
  readonly interval: number
  readonly rows: ReadonlyMap<number, Row>
}

test(
  'a window that is asked again has the rows it had, but for what later points change, and so has any window over it',
  { timeout: 240_000 },
  async () => {
    let [kept, shared] = [0, 0]
    await fc.assert(
      fc.asyncProperty(
        fc.array(act, { minLength: 10, maxLength: 50 }),
        fc.array(window, { minLength: 4, maxLength: 8 }),
        async (acts, windows) => {
          const { bench, models, ...work } = await createWork()
          const looks: (Look | undefined)[] = windows.map(() => undefined)
          try {
            for (const next of acts) {
              await work.do(next)
              for (const [i, asked] of windows.entries()) {
                const model = models[asked.series]
                if (!model) continue
                const run = ask(bench, asked, workStart + asked.from, asked.seconds)
                if (!run) continue
                checkTimes(asked, run)
                const look = lookAt(asked, run, model)
                kept += checkKept(bench, asked, looks[i], look, model)
                shared += checkShared(bench, asked, run)
                looks[i] = look
              }
            }
          } finally {
            await bench.store.close()
          }
        },
      ),
      { numRuns: 60, endOnFailure: true },
    )
    expect(kept).toBeGreaterThan(1000)
    expect(shared).toBeGreaterThan(1000)
  },
)

const stepOf = ({ series }: Window): number => workSeries[series]?.step ?? 1

/** The rows of one window; undefined while the series is not known. */
function ask(bench: Bench, asked: Window, start: number, seconds: number, width = asked.width): Points | undefined {
  const { counter } = workSeries[asked.series] ?? workSeries[0]
  const { consolidation } = asked
  const request = { endpoint: 'e', counter, consolidation, start, end: start + seconds, mostPoints: 1e6 }
  return bench.store.query(width === undefined ? request : { ...request, width })?.runs[0]
}

/** Rows stand at multiples of their interval, all of those from start to end, both included; none when that is no time. */
function checkTimes(asked: Window, { first, interval, values }: Points): void {
  const start = workStart + asked.from
  const end = start + asked.seconds
  if (asked.width !== undefined) expect(interval).toBe(asked.width * stepOf(asked))
  if (asked.seconds === 0) return expect(values).toHaveLength(0)
  expect(first).toBe(Math.ceil(start / interval) * interval)
  expect(values).toHaveLength(Math.max(0, Math.floor(end / interval) - Math.ceil(start / interval) + 1))
}

function lookAt(asked: Window, { first, interval, values }: Points, model: NaiveSeries): Look {
  const rows = new Map<number, Row>()
  for (const [i, answered] of values.entries()) {
    const time = first + i * interval
    rows.set(time, { answered, expected: model.row(time, interval / stepOf(asked), asked.consolidation) })
  }
  return { interval, rows }
}

/** Rows that said what the points said, and about which nothing new was sent, say the same. Answers how many those were. */
function checkKept(bench: Bench, asked: Window, before: Look | undefined, now: Look, model: NaiveSeries): number {
  // After a while only coarser rows reach back so far.
  if (before?.interval !== now.interval) return 0
  const width = now.interval / stepOf(asked)
  const archive = defaultArchives.find(({ steps }) => steps === width)
  const oldest = width === 1 ? 0 : bench.clock - (archive?.rows ?? 0) * now.interval
  let kept = 0
  for (const [time, row] of now.rows) {
    const earlier = before.rows.get(time)
    if (!earlier || time < oldest || !Object.is(earlier.expected, row.expected)) continue
    if (!nearlyEqual(earlier.answered, earlier.expected, model.size(time, width))) continue
    if (!Object.is(row.answered, earlier.answered))
      expect.unreachable(`${asked.consolidation} at ${time} was ${earlier.answered} and is ${row.answered}`)
    if (!Number.isNaN(row.answered)) kept++
  }
  return kept
}

/** Another window that shares some rows has them too. Answers how many those were. */
function checkShared(bench: Bench, asked: Window, run: Points): number {
  const [later, longer] = asked.shift
  const seconds = asked.seconds + longer - later
  const other = ask(bench, asked, workStart + asked.from + later, seconds, run.interval / stepOf(asked))
  let shared = 0
  for (const [i, answered] of run.values.entries()) {
    const at = (run.first + i * run.interval - (other?.first ?? 0)) / run.interval
    const there = other?.values[at]
    if (there === undefined) continue
    if (!Object.is(there, answered)) expect.unreachable(`row ${at} is ${there} in another window, not ${answered}`)
    if (!Number.isNaN(answered)) shared++
  }
  return shared
}

const turns = [
  { kind: 'GAUGE', step: 60 },
  { kind: 'DERIVE', step: 60 },
  { kind: 'GAUGE', step: 300 },
] as const

test(
  'a window over the times in which a counter changed its step or type keeps its rows, too',
  { timeout: 240_000 },
  async () => {
    let kept = 0
    const turn = fc.record({
      act: fc.constant('turn' as const),
      to: fc.nat(turns.length - 1),
      values: fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 60 }),
    })
    const upkeep = act.filter((one): one is Exclude<typeof one, { act: 'points' }> => one.act !== 'points')
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof({ weight: 2, arbitrary: turn }, { weight: 1, arbitrary: upkeep }), {
          minLength: 10,
          maxLength: 40,
        }),
        fc.array(window, { minLength: 4, maxLength: 8 }),
        async (acts, windows) => {
          const { bench, ...work } = await createWork()
          const looks = windows.map((): Known => ({ closed: 0, rows: new Map() }))
          try {
            for (const next of acts) {
              if (next.act !== 'turn') await work.do(next)
              else await sendInTurn(bench, turns[next.to] ?? turns[0], next.values)
              for (const [i, asked] of windows.entries()) {
                const start = workStart + asked.from
                const rows = knownRows(bench, asked, start, asked.seconds)
                const before = looks[i] ?? { closed: 0, rows }
                const closed = Math.min(start + asked.seconds, before.closed)
                expect(rowsUpTo(rows, closed)).toEqual(rowsUpTo(before.rows, closed))
                const [later, longer] = asked.shift
                const others = knownRows(bench, asked, start + later, asked.seconds + longer - later)
                for (const [row, { value }] of others) if (rows.has(row)) expect(rows.get(row)?.value).toBe(value)
                looks[i] = { closed: bench.clock - 1, rows }
                kept += rows.size
              }
            }
          } finally {
            await bench.store.close()
          }
        },
      ),
      { numRuns: 60, endOnFailure: true },
    )
    expect(kept).toBeGreaterThan(1000)
  },
)

/** What was known when a window was looked at; nothing was sent afterwards for times up to `closed`. */
interface Known {
  readonly closed: number
  readonly rows: ReadonlyMap<string, { readonly time: number; readonly value: number }>
}

async function sendInTurn(bench: Bench, { kind, step }: (typeof turns)[number], values: readonly number[]) {
  bench.clock = (Math.floor(bench.clock / 300) + 1) * 300
  const slot = bench.store.define({ endpoint: 'e', counter: 'turns', kind, step })
  await bench.feed(
    slot,
    values.map((value, i): [number, number] => [bench.clock + i * step, value]),
  )
  bench.clock += values.length * step
}

function knownRows(bench: Bench, { consolidation, width }: Window, start: number, seconds: number): Known['rows'] {
  const request = { endpoint: 'e', counter: 'turns', consolidation, start, end: start + seconds, mostPoints: 1e6 }
  const runs = bench.store.query(width === undefined ? request : { ...request, width })?.runs ?? []
  const rows = runs.flatMap(({ first, interval, values }) =>
    [...values].map(
      (value, i) => [`${first + i * interval}/${interval}`, { time: first + i * interval, value }] as const,
    ),
  )
  return new Map(rows.filter(([, { value }]) => !Number.isNaN(value)))
}

const rowsUpTo = (rows: Known['rows'], closed: number) => [...rows].filter(([, { time }]) => time <= closed)
