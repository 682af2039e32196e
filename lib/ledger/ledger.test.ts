import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { array, assert, boolean, constantFrom, integer, oneof, property, record } from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import { imbalance, readAccounts, sum } from './account.ts'
import type { AccountSpec } from './account.ts'
import { openLedgerFiles, readSnapshots } from './files.ts'
import { ledgerFromFiles, startLedger } from './keeper.ts'
import { ledgerPage, readSince } from './page.ts'
import { periodTotals } from './period.ts'
import type { PeriodTotals, Snapshot } from './period.ts'
import { ledgerTable } from './table.ts'

const hop: AccountSpec = {
  name: 'a -> b',
  items: 'samples',
  in: ['given'],
  inherited: 'inherited',
  out: ['delivered'],
  refused: ['refused.*'],
  returned: ['returned - lostAnyway'],
  dropped: ['dropped.*', 'lostAnyway'],
  held: ['memory', 'spool'],
}

const quiet = createLogger('test', { destination: { write: () => undefined } })

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'ledger-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return join(dir, 'ledger')
}

const balanceOf = (totals: PeriodTotals) =>
  totals.heldBefore +
  totals.received -
  totals.returnedByStop -
  [totals.out, totals.refused, totals.returned, totals.dropped, totals.held].reduce((all, one) => all + sum(one), 0)

test('an account balances when every item is in one count, and tells how many are in none', () => {
  const counters = createCounters()
  for (const [name, by] of Object.entries({
    given: 20,
    inherited: 3,
    delivered: 9,
    'refused.nan': 2,
    'refused.old': 1,
  }))
    counters.add(name, by)
  counters.add('returned', 3)
  counters.add('lostAnyway', 1)
  counters.add('dropped.size', 2)
  counters.gauge('memory', () => 5)
  const [state] = readAccounts([hop], counters)
  if (!state) throw new Error('there is no account')
  expect(state).toMatchObject({
    refused: { 'refused.nan': 2, 'refused.old': 1 },
    returned: { returned: 2 },
    dropped: { 'dropped.size': 2, lostAnyway: 1 },
    held: { memory: 5 },
  })
  expect(imbalance(state)).toBe(23 - 22)
})

/** What happens to a module with a memory and a spool. A kill forgets the memory and what was not snapshot. */
type Step = { what: 'take' | 'deliver' | 'spool' | 'refuse' | 'drop' | 'snapshot' | 'stop' | 'kill'; by: number }
const steps = array(
  record({
    what: constantFrom<Step['what']>('take', 'take', 'deliver', 'spool', 'refuse', 'drop', 'snapshot', 'stop', 'kill'),
    by: integer({ min: 1, max: 50 }),
  }),
  { maxLength: 60 },
)

/** Plays the steps. `everyStep`: a snapshot after each of them, as if no kill came between two. */
function play(list: readonly Step[], everyStep: boolean) {
  const snapshots: Snapshot[] = []
  const truth = { taken: 0, delivered: 0, dropped: 0, memoryOfKilled: 0 }
  let now = 1
  let disk = 0
  let memory = 0
  let run = now
  let counters = createCounters()
  const begin = () => {
    run = now
    memory = 0
    counters = createCounters()
    counters.add('inherited', disk)
    counters.gauge('memory', () => memory)
    counters.gauge('spool', () => disk)
  }
  const snap = () => snapshots.push({ at: now, run, accounts: readAccounts([hop], counters) })
  const take = (wanted: number, from: number) => Math.min(wanted, from)
  begin()
  snap()
  for (const { what, by } of list) {
    now++
    if (what === 'take') {
      memory += by
      truth.taken += by
      counters.add('given', by)
    } else if (what === 'deliver') {
      const some = take(by, disk + memory)
      const fromDisk = take(some, disk)
      disk -= fromDisk
      memory -= some - fromDisk
      truth.delivered += some
      counters.add('delivered', some)
    } else if (what === 'spool') {
      const some = take(by, memory)
      memory -= some
      disk += some
    } else if (what === 'refuse') {
      const some = take(by, memory)
      memory -= some
      counters.add('refused.nan', some)
    } else if (what === 'drop') {
      const some = take(by, disk)
      disk -= some
      truth.dropped += some
      counters.add('dropped.size', some)
    } else if (what === 'stop') {
      disk += memory
      memory = 0
      snap()
      begin()
    } else if (what === 'kill') {
      truth.memoryOfKilled += memory
      begin()
    }
    if (everyStep || what === 'snapshot') snap()
  }
  now++
  snap()
  return { snapshots, truth }
}

test('over any stops and kills the totals balance, and are the truth when every moment was written down', () => {
  assert(
    property(steps, boolean(), (list, everyStep) => {
      const { snapshots, truth } = play(list, everyStep)
      const [totals] = periodTotals(snapshots, 0)
      if (!totals) throw new Error('there are no totals')
      expect(totals.unexplained).toBe(0)
      expect(balanceOf(totals)).toBe(0)
      if (!everyStep) return
      expect(totals).toMatchObject({ received: truth.taken, lost: truth.dropped, returnedByStop: truth.memoryOfKilled })
      expect(sum(totals.out)).toBe(truth.delivered)
    }),
  )
})

test('periods that follow each other add up to the whole', () => {
  assert(
    property(steps, oneof(integer({ min: 1, max: 60 })), (list, cut) => {
      const { snapshots } = play(list, true)
      const [whole] = periodTotals(snapshots, 0)
      const first = periodTotals(
        snapshots.filter(({ at }) => at < cut),
        0,
      )[0]
      const second = periodTotals(snapshots, cut)[0]
      const both = (read: (totals: PeriodTotals) => number) => (first ? read(first) : 0) + (second ? read(second) : 0)
      for (const read of [
        (totals: PeriodTotals) => totals.received,
        (totals: PeriodTotals) => sum(totals.out),
        (totals: PeriodTotals) => totals.lost,
        (totals: PeriodTotals) => totals.returnedByStop,
      ])
        expect(both(read)).toBe(whole ? read(whole) : 0)
    }),
  )
})

test('what only a killed process held is lost where nobody else has it', () => {
  const state = { ...emptyState, memoryBelongsTo: 'nobody' as const }
  const snapshots = [
    { at: 1, run: 1, accounts: [{ ...state, in: { given: 5 }, held: { memory: 3, spool: 2 } }] },
    { at: 9, run: 8, accounts: [{ ...state, inherited: 2, held: { spool: 2 } }] },
  ]
  expect(periodTotals(snapshots, 0)[0]).toMatchObject({ dropped: { killed: 3 }, lost: 3, lostSince: 9 })
})

test('an account that is not kept any more holds nothing: its items went to another', () => {
  const held = { ...emptyState, name: 'old', in: { given: 4 }, held: { spool: 4 } }
  const snapshots = [
    { at: 1, run: 1, accounts: [held] },
    { at: 9, run: 8, accounts: [{ ...emptyState, name: 'new', inherited: 4, out: { delivered: 4 } }] },
  ]
  const [old, fresh] = periodTotals(snapshots, 0)
  expect(old).toMatchObject({ account: 'old', held: {}, out: { 'moved to another account': 4 }, lost: 0 })
  expect(fresh).toMatchObject({ account: 'new', heldBefore: 4, out: { delivered: 4 }, lost: 0 })
})

const emptyState = {
  name: 'a -> b',
  items: 'samples',
  in: {},
  inherited: 0,
  out: {},
  refused: {},
  returned: {},
  dropped: {},
  held: {},
  memoryBelongsTo: 'senders' as const,
}

const day = 86_400_000
const noon = 20_000 * day + day / 2

test('files are kept for so many days, older ones hourly, and a line that was cut short is passed over', () => {
  const dir = folder()
  const files = openLedgerFiles(dir)
  const at = (ms: number): Snapshot => ({ at: ms, run: 1, accounts: [] })
  for (const ms of [noon - 9 * day, noon - 3 * day, noon - 3 * day + 60_000, noon - 60_000, noon]) files.append(at(ms))
  files.overwriteLatest(at(noon + 1000))
  appendFileSync(join(dir, `${new Date(noon).toISOString().slice(0, 10)}.jsonl`), '{"at":1,"ru')
  const times = () => readSnapshots(dir, 0).map((snapshot) => snapshot.at)
  expect(times()).toEqual([-9 * day, -3 * day, -3 * day + 60_000, -60_000, 0, 1000].map((ms) => noon + ms))
  files.tidy(noon + 2000, 7)
  // The cut line took the one that was written behind it, which is one second of one run.
  expect(times()).toEqual([-3 * day + 60_000, -60_000, 0].map((ms) => noon + ms))
  expect(existsSync(join(dir, 'latest.json'))).toBe(false)
})

test('a ledger is there after a stop and after a kill, and answers for as far back as one asks', async () => {
  const dir = folder()
  let now = noon
  const begin = () => {
    const counters = createCounters()
    const keeper = startLedger({
      module: 'm',
      dir,
      keepDays: 30,
      latestEveryMs: 5,
      accounts: () => [hop],
      counters,
      log: quiet,
      now: () => now,
    })
    return { counters, keeper }
  }
  const first = begin()
  first.counters.add('given', 10)
  first.counters.add('delivered', 10)
  first.keeper.stop()
  now += 2 * 3_600_000
  const second = begin()
  second.counters.add('given', 5)
  second.counters.gauge('memory', () => 5)
  // As after a kill: nobody stops the second, only its latest snapshot is there.
  await vi.waitFor(() => expect(readFileSync(join(dir, 'latest.json'), 'utf8')).toContain('"memory":5'))
  onTestFinished(() => second.keeper.stop())
  now += 1000
  const third = begin()
  onTestFinished(() => third.keeper.stop())
  expect(third.keeper.report(now - 3_600_000).accounts).toMatchObject([{ received: 5, returnedByStop: 5, lost: 0 }])
  expect(third.keeper.report(0).accounts).toMatchObject([{ received: 15, out: { delivered: 10 }, lost: 0 }])
  expect(ledgerFromFiles('m', dir, 0).accounts).toMatchObject([{ received: 15 }])
})

test('a disk that refuses is counted, and the ledger goes on in memory', () => {
  const dir = folder()
  // Where the folder should be, there is a file.
  writeFileSync(dir, '')
  const counters = createCounters()
  const keeper = startLedger({
    module: 'm',
    dir: join(dir, 'below'),
    keepDays: 30,
    accounts: () => [hop],
    counters,
    log: quiet,
    now: () => noon,
  })
  counters.add('given', 1)
  keeper.stop()
  expect(counters.get('ledger.failures')).toBeGreaterThan(0)
  expect(keeper.snapshot().accounts).toMatchObject([{ in: { given: 1 } }])
})

test.each([
  ['90s', noon - 90_000],
  ['30m', noon - 1_800_000],
  ['1h', noon - 3_600_000],
  ['7d', noon - 7 * day],
  ['1700000000', 1_700_000_000_000],
  ['yesterday', undefined],
  ['-1h', undefined],
])('%s is a time to begin with', (text, expected) => {
  expect(readSince(text, noon)).toBe(expected)
})

test('the page refuses a time it cannot read, and tells of an endpoint when asked', async () => {
  const report = (since: number) => ({ module: 'm', at: noon, since, accounts: [] })
  const page = ledgerPage(
    { report },
    () => noon,
    (endpoint) => ({ endpoint, received: 7 }),
  )
  expect(await page(new URLSearchParams('since=soon'))).toMatchObject({ status: 400 })
  expect(JSON.parse((await page(new URLSearchParams())).body)).toEqual(report(noon - 3_600_000))
  expect(JSON.parse((await page(new URLSearchParams('endpoint=h'))).body)).toMatchObject({
    endpoint: { endpoint: 'h', received: 7 },
  })
})

test('the table tells what was lost, why, since when, and what to do', () => {
  const totals: PeriodTotals = {
    account: 'transfer -> graph',
    items: 'samples',
    received: 1380,
    heldBefore: 0,
    out: { 'g.delivered': 1300 },
    refused: {},
    returned: {},
    returnedByStop: 8,
    dropped: { 'g.dropped.size': 70 },
    held: { 'g.spool.items': 2 },
    unexplained: 0,
    lost: 70,
    lostSince: Date.UTC(2026, 0, 2),
  }
  const report = { module: 'transfer', at: noon, since: 0 }
  expect(ledgerTable([{ ...report, accounts: [totals] }])).toBe(
    [
      'hop                items    held before  received  passed on  refused  returned  lost  held now',
      'transfer -> graph  samples            0     1 380      1 300        0         8    70         2',
      '  transfer -> graph: 8 returned by a stop: senders keep them; held: 2 items',
      'lost: 70',
      '  70 transfer -> graph: size since 2026-01-02T00:00:00.000Z; the spool was full: bring the peer back or raise spool.maxBytes',
    ].join('\n'),
  )
  const well = { ...totals, dropped: {}, lost: 0, returnedByStop: 0, held: {} }
  expect(
    ledgerTable([{ ...report, accounts: [well] }])
      .split('\n')
      .at(-1),
  ).toBe('lost: 0')
})
