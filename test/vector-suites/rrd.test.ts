import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { projectRoot } from '#lib/module'
import { shownPoint } from '../../graph-query/http/answers.ts'
import { createNaiveSeries, nearlyEqual } from '../../graph-query/store/naive-model.reference.ts'
import { openStore } from '../../graph-query/store/store.ts'
import type { Store } from '../../graph-query/store/types.ts'
import { loadVectors, vectorFolder } from './load.ts'
import { differenceOf, differences } from './rrd-differences.ts'
import type { Difference, Recording, RecordedQuery, Sent } from './rrd-differences.ts'

const files = readdirSync(join(vectorFolder, 'rrd')).filter((name) => name.endsWith('.json'))

test('there are recordings of RRD answers', () => {
  expect(files.length).toBeGreaterThan(0)
})

test('every class of difference is described in the document', () => {
  const text = readFileSync(join(projectRoot, 'docs/rrd-differences.md'), 'utf8')
  for (const name of differences) expect(text, name).toContain(`\`${name}\``)
})

const totals = new Map<Difference | 'equal', number>()
const count = (name: Difference | 'equal') => totals.set(name, (totals.get(name) ?? 0) + 1)

for (const file of files) {
  test(`${file}: every row is the recorded one or differs in a documented way`, async () => {
    const recording = loadVectors<Recording>(`rrd/${file}`)
    const points = sentPoints(recording)
    const newest = points.at(-1)?.[0] ?? 0
    const clock = { now: points[0]?.[0] ?? 0 }
    const store = await fed(recording, points, clock)
    const sent = asSent(recording, points)
    expect(recording.queries.length).toBeGreaterThan(0)

    for (const query of recording.queries) {
      clock.now = query.now ?? newest
      const title = `${query.cf} ${query.start}..${query.end}`
      if (recordedValues(query).length === 0) {
        checkEmpty(store, recording, query, title)
        continue
      }
      for (const row of recordedRows(query)) {
        const ours = askRow(store, recording, query, row.time, query.dt ?? recording.step)
        const width = (query.dt ?? recording.step) / recording.step
        const model = sent.model.row(row.time, width, consolidationOf(query))
        if (!nearlyEqual(ours, model, sent.model.size(row.time, width)))
          expect.unreachable(`${title} at ${row.time}: ${ours}, but its points make ${model}`)
        const difference = differenceOf(recording, query, sent, row, ours)
        if (difference === 'unknown')
          expect.unreachable(`${title} at ${row.time}: recorded ${row.value}, ours ${ours}, and nothing explains it`)
        count(difference)
      }
      checkOwnChoice(store, recording, query, sent, clock.now)
    }
    checkLast(store, recording)
  })
}

test('most rows that say something are the recorded ones', () => {
  console.log('rows by outcome:', JSON.stringify(Object.fromEntries([...totals].toSorted(([, a], [, b]) => b - a))))
  const equal = totals.get('equal') ?? 0
  const different = [...totals].reduce((sum, [name, times]) => sum + (name === 'equal' ? 0 : times), 0)
  expect(equal).toBeGreaterThan(different)
})

/** In memory where that is possible: hundreds of days of windows are written, and no disk needs to see them. */
const scratch = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** A store that got the points in the order and at the times at which they were sent. */
async function fed(recording: Recording, points: readonly (readonly [number, number])[], clock: { now: number }) {
  const dir = mkdtempSync(join(scratch, 'rrd-vectors-'))
  const events: unknown[] = []
  const store = await openStore({ dir, now: () => clock.now, onEvent: (event) => events.push(event) })
  onTestFinished(async () => {
    await store.close()
    rmSync(dir, { recursive: true, force: true })
  })
  const { endpoint, counter, step } = recording
  const slot = store.define({ endpoint, counter, kind: recording.dsType, step })
  let maintained = clock.now
  for (const [timestamp, value] of points) {
    clock.now = timestamp
    const refusal = store.append(slot, timestamp, value)
    if (refusal !== (Number.isNaN(value) ? 'nan' : undefined)) expect.unreachable(`${timestamp} ${value}: ${refusal}`)
    if (timestamp - maintained < 12 * 3600) continue
    maintained = timestamp
    await store.maintain()
  }
  await store.commit()
  await store.maintain()
  expect(events).toEqual([])
  return store
}

function asSent(recording: Recording, points: readonly (readonly [number, number])[]): Sent {
  const model = createNaiveSeries(recording.dsType, recording.step)
  for (const [timestamp, value] of points) model.put(timestamp, value)
  return { points, model }
}

function sentPoints(recording: Recording): [number, number][] {
  if (recording.points) return recording.points.map(([timestamp, value]) => [timestamp, asNumber(value)])
  const formula = recording.pointsFormula
  if (!formula) throw new Error('Cannot run a recording with neither points nor a formula')
  const made: [number, number][] = []
  let x = formula.seed
  let sum = 0
  for (let i = 0; i < formula.slots; i++) {
    x = Number((1103515245n * BigInt(x) + 12345n) % 2n ** 31n)
    const h = Math.floor(x / 256)
    if (formula.kind === 'counter') sum = h % 4001 === 7 ? 0 : sum + (h % 5000)
    const value = formula.kind === 'counter' ? sum : (h % 10000) / 100 + (Math.floor(i / 97) % 50)
    if (h % 61 !== 0) made.push([formula.t0 + i * recording.step, value])
  }
  expect(made).toHaveLength(formula.sent)
  return made
}

function asNumber(value: number | string): number {
  if (typeof value === 'number') return value
  return value === '+Inf' ? Infinity : value === '-Inf' ? -Infinity : NaN
}

function recordedValues(query: RecordedQuery): readonly (readonly [number, number])[] {
  return recordedRows(query).map((row) => [row.time, row.value])
}

function recordedRows(query: RecordedQuery): { time: number; value: number }[] {
  if (query.points) return query.points.map(([time, value]) => ({ time, value: value ?? NaN }))
  const { values = [], t0 = 0, dt = 0 } = query
  return values.map((value, i) => ({ time: t0 + i * dt, value: value ?? NaN }))
}

function consolidationOf(query: RecordedQuery) {
  // Falcon: any other word works for what is in memory, and means the points themselves.
  return query.cf === 'MAX' || query.cf === 'MIN' ? query.cf : 'AVERAGE'
}

function ask(store: Store, recording: Recording, query: RecordedQuery, start: number, end: number, width?: number) {
  const history = store.query({
    endpoint: recording.endpoint,
    counter: recording.counter,
    consolidation: consolidationOf(query),
    start,
    end,
    mostPoints: 1e6,
    ...(width !== undefined && { width }),
  })
  if (history?.kind !== recording.dsType || history.step !== recording.step)
    expect.unreachable(`not the series that was sent: ${JSON.stringify(history)}`)
  return history?.runs ?? []
}

function askRow(store: Store, recording: Recording, query: RecordedQuery, time: number, interval: number): number {
  const runs = ask(store, recording, query, time - 1, time, interval / recording.step)
  const [run] = runs
  if (runs.length !== 1 || run?.first !== time || run.interval !== interval || run.values.length !== 1)
    expect.unreachable(`asked for ${time} of ${interval} s, got ${JSON.stringify(runs)}`)
  return run.values[0] ?? NaN
}

function checkEmpty(store: Store, recording: Recording, query: RecordedQuery, title: string): void {
  if (query.start >= query.end) {
    const points = ask(store, recording, query, query.start, query.end).flatMap((run) => [...run.values])
    expect(points, title).toEqual([])
    count('equal')
    return
  }
  const isKnown = query.cf === 'AVERAGE' || query.cf === 'MAX' || query.cf === 'MIN'
  // Shorter than a step: the recorded answer has no row, ours none either.
  const inside = Math.floor(query.end / recording.step) < Math.ceil(query.start / recording.step)
  const noFile = recording.rrdStart === undefined
  if (!isKnown) count('any consolidation')
  else if (noFile) count('memory')
  else if (inside || recording.points?.some(([time]) => time % recording.step !== 0)) count('unaligned')
  else expect.unreachable(`${title}: nothing was recorded, and it is not clear why`)
}

/** Without a width the store takes the finest rows that reach back: never coarser than recorded, and the same values. */
function checkOwnChoice(store: Store, recording: Recording, query: RecordedQuery, sent: Sent, now: number): void {
  const runs = ask(store, recording, query, query.start, query.end)
  const interval = runs[0]?.interval ?? 0
  expect(interval).toBeGreaterThan(0)
  expect(interval).toBeLessThanOrEqual(query.dt ?? recording.step)
  if (query.start > now - 30 * 86_400)
    expect(interval, 'raw points answer as long as they are kept').toBe(recording.step)
  for (const run of runs)
    for (const [i, value] of run.values.entries()) {
      const time = run.first + i * run.interval
      if (time < query.start || time > query.end) expect.unreachable(`${time} is not in the range`)
      const width = run.interval / recording.step
      const model = sent.model.row(time, width, consolidationOf(query))
      if (!nearlyEqual(value, model, sent.model.size(time, width)))
        expect.unreachable(`${query.cf} at ${time}: ${value}, but its points make ${model}`)
    }
}

function checkLast(store: Store, recording: Recording): void {
  const last = store.last(recording.endpoint, recording.counter)
  const aligned = (time: number) => time - (time % recording.step)
  const [rawTime, rawValue] = recording.lastRaw
  expect(last).toMatchObject({ timestamp: aligned(rawTime), value: rawValue })
  const shown = shownPoint(last)
  const [time, value] = recording.last
  if (rawTime % recording.step !== 0 && recording.dsType === 'DERIVE') count('unaligned')
  else expect([shown.timestamp, shown.value]).toEqual([aligned(time), value])
}
