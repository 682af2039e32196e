import { imbalance, sum } from './account.ts'
import type { AccountState, Amounts } from './account.ts'

/** All accounts of a module at one moment of one run of it. */
export interface Snapshot {
  /** Unix milliseconds. */
  readonly at: number
  /** Unix milliseconds of the start, which names the run. */
  readonly run: number
  readonly accounts: readonly AccountState[]
}

/** What became of the items of an account in a period, over all runs of its module. */
export interface PeriodTotals {
  readonly account: string
  readonly items: string
  readonly received: number
  /** Held when the period began. */
  readonly heldBefore: number
  readonly out: Amounts
  readonly refused: Amounts
  readonly returned: Amounts
  /** Only in the memory of a process that was killed: its senders had no answer and keep them. */
  readonly returnedByStop: number
  readonly dropped: Amounts
  /** At the last snapshot. */
  readonly held: Amounts
  /** In no count at all, or in two: 0 unless the module miscounts. */
  readonly unexplained: number
  /** Dropped or unexplained. */
  readonly lost: number
  /** Unix milliseconds of the first snapshot of the period that shows a loss. */
  readonly lostSince?: number
}

interface Running {
  account: string
  items: string
  received: number
  heldBefore: number
  out: Record<string, number>
  refused: Record<string, number>
  returned: Record<string, number>
  returnedByStop: number
  dropped: Record<string, number>
  held: Amounts
  unexplained: number
  lostSince: number | undefined
}

/** What an account that was never seen before looked like. */
const nothing = { in: {}, inherited: 0, out: {}, refused: {}, returned: {}, dropped: {}, held: {} }

/**
 * The totals from `since` (unix milliseconds) on. `snapshots` may come from several runs; the last one before `since`, if
 * there is one, is where the counting begins.
 */
export function periodTotals(snapshots: readonly Snapshot[], since: number): PeriodTotals[] {
  const ordered = snapshots.toSorted((a, b) => a.run - b.run || a.at - b.at)
  const totals = new Map<string, Running>()
  const latest = new Map<string, { run: number; state: AccountState }>()
  for (const { at, run, accounts } of ordered)
    for (const state of accounts) {
      const before = latest.get(state.name)
      latest.set(state.name, { run, state })
      if (at < since) continue
      let total = totals.get(state.name)
      if (!total) {
        total = emptyTotals(state)
        total.heldBefore = before ? sum(before.state.held) : state.inherited
        totals.set(state.name, total)
      }
      const sameRun = before?.run === run
      if (before && !sameRun) takeOver(total, before.state, state, at)
      step(total, sameRun ? before.state : nothing, state, at)
    }
  const lastRun = ordered.at(-1)?.run
  for (const [name, { run, state }] of latest) if (run !== lastRun) moveOn(totals.get(name), state)
  return [...totals.values()].map(finished)
}

function emptyTotals({ name, items }: AccountState): Running {
  const amounts = { out: {}, refused: {}, returned: {}, dropped: {}, held: {} }
  const numbers = { received: 0, heldBefore: 0, returnedByStop: 0, unexplained: 0 }
  return { account: name, items, ...numbers, ...amounts, lostSince: undefined }
}

function step(
  total: Running,
  before: Omit<AccountState, 'name' | 'items' | 'memoryBelongsTo'>,
  state: AccountState,
  at: number,
): void {
  total.received += sum(state.in) - sum(before.in)
  for (const kind of ['out', 'refused', 'returned', 'dropped'] as const)
    addDifference(total[kind], before[kind], state[kind])
  total.held = state.held
  const unexplained = imbalance(state) - imbalanceOf(before)
  total.unexplained += unexplained
  if (sum(state.dropped) > sum(before.dropped) || unexplained !== 0) total.lostSince ??= at
}

/** From the last snapshot of a run to what the next one found on disk. */
function takeOver(total: Running, before: AccountState, state: AccountState, at: number): void {
  const missing = sum(before.held) - state.inherited
  if (missing <= 0) {
    // It came in, and went to disk, after the last snapshot.
    total.received -= missing
  } else if (state.memoryBelongsTo === 'senders') {
    total.returnedByStop += missing
  } else {
    total.dropped['killed'] = (total.dropped['killed'] ?? 0) + missing
    total.lostSince ??= at
  }
}

/** The account is not kept any more, as that of a node that left the configuration: what it held is in another one now. */
function moveOn(total: Running | undefined, { held }: AccountState): void {
  if (!total) return
  total.held = {}
  if (sum(held) > 0) total.out['moved to another account'] = sum(held)
}

function imbalanceOf(state: Omit<AccountState, 'name' | 'items' | 'memoryBelongsTo'>): number {
  return imbalance({ ...state, name: '', items: '', memoryBelongsTo: 'senders' })
}

function addDifference(into: Record<string, number>, before: Amounts, now: Amounts): void {
  for (const [name, amount] of Object.entries(now)) {
    const more = amount - (before[name] ?? 0)
    if (more !== 0) into[name] = (into[name] ?? 0) + more
  }
}

function finished({ lostSince, ...total }: Running): PeriodTotals {
  const lost = sum(total.dropped) + Math.abs(total.unexplained)
  return { ...total, lost, ...(lost !== 0 && lostSince !== undefined && { lostSince }) }
}
