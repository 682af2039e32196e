import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import { readAccounts } from './account.ts'
import type { AccountSpec } from './account.ts'
import { openLedgerFiles, readSnapshots } from './files.ts'
import { periodTotals } from './period.ts'
import type { PeriodTotals, Snapshot } from './period.ts'

/** What a module answers at `/ledger`, and what `./control ledger` makes of its files when it is down. */
export interface LedgerReport {
  readonly module: string
  /** Unix milliseconds of the last snapshot in it; undefined when there is none. */
  readonly at: number | undefined
  /** Unix milliseconds. */
  readonly since: number
  readonly accounts: readonly PeriodTotals[]
}

export interface LedgerKeeper {
  /** All accounts at this moment. */
  snapshot(): Snapshot
  /** From `since` (unix milliseconds) until now, over all runs that are remembered. */
  report(since: number): LedgerReport
  /** Writes the last snapshot. To be called when nothing is counted any more. */
  stop(): void
}

export interface LedgerOptions {
  readonly module: string
  /** Absolute. */
  readonly dir: string
  readonly keepDays: number
  /** Milliseconds between two writings of the latest snapshot: what a killed process can forget. Default 1000. */
  readonly latestEveryMs?: number
  /** Asked at each snapshot: accounts may come and go. */
  readonly accounts: () => readonly AccountSpec[]
  readonly counters: Counters
  readonly log: Logger
  /** Milliseconds. */
  readonly now: () => number
}

const lineEveryMs = 60_000

/**
 * Writes the accounts of a module down: each minute for good, more often (when something changed) for the case that the
 * process is killed. A disk that refuses is logged once and counted in `ledger.failures`; counting goes on.
 */
export function startLedger(options: LedgerOptions): LedgerKeeper {
  const { module, dir, keepDays, counters, log, now } = options
  const files = openLedgerFiles(dir)
  const run = now()
  let lastLine = run
  let lastDay = Math.floor(run / 86_400_000)
  let written = ''
  let failing = false
  counters.add('ledger.failures', 0)

  const snapshot = (): Snapshot => ({ at: now(), run, accounts: readAccounts(options.accounts(), counters) })

  function attempt(work: () => void): void {
    try {
      work()
      failing = false
    } catch (error) {
      counters.add('ledger.failures')
      if (!failing) log.warn({ err: error, dir }, 'the ledger cannot be written')
      failing = true
    }
  }

  function write(): void {
    const current = snapshot()
    // A start that fails, for example because another process has the folder, leaves no run behind.
    if (current.accounts.length === 0) return
    if (current.at - lastLine >= lineEveryMs) {
      lastLine = current.at
      files.append(current)
    }
    const accounts = JSON.stringify(current.accounts)
    if (accounts === written) return
    files.overwriteLatest(current)
    written = accounts
    const day = Math.floor(current.at / 86_400_000)
    if (day === lastDay) return
    lastDay = day
    files.tidy(current.at, keepDays)
  }

  attempt(() => {
    files.tidy(run, keepDays)
    write()
  })
  const timer = setInterval(() => attempt(write), options.latestEveryMs ?? 1000)
  timer.unref()

  return {
    snapshot,
    report: (since) => reportOf(module, [...readSnapshots(dir, since), snapshot()], since),
    stop() {
      clearInterval(timer)
      attempt(() => {
        const last = snapshot()
        if (last.accounts.length === 0) return
        files.append(last)
        files.discardLatest()
        files.tidy(now(), keepDays)
      })
    },
  }
}

/** The same from the files alone. */
export function ledgerFromFiles(module: string, dir: string, since: number): LedgerReport {
  return reportOf(module, readSnapshots(dir, since), since)
}

function reportOf(module: string, snapshots: readonly Snapshot[], since: number): LedgerReport {
  const at = snapshots.reduce<number | undefined>((latest, one) => Math.max(latest ?? 0, one.at), undefined)
  return { module, at, since, accounts: periodTotals(snapshots, since) }
}
