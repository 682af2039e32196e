import { formatTable } from '#lib/table'
import { sum } from './account.ts'
import type { Amounts } from './account.ts'
import type { LedgerReport } from './keeper.ts'
import type { PeriodTotals } from './period.ts'

const heading = ['hop', 'items', 'held before', 'received', 'passed on', 'refused', 'returned', 'lost', 'held now']

/** What to do about a loss, by the last part of its counter. */
const advice: Readonly<Record<string, string>> = {
  size: 'the spool was full: bring the peer back or raise spool.maxBytes',
  age: 'older than the spool keeps: bring the peer back sooner or raise its maxAgeSeconds',
  corrupt: 'damaged on disk: look at the log for the file, and at the disk',
  disk: 'memory was full while the disk refused: free space on it',
  stopped: 'collected while the agent stopped: nothing to do',
  SocketLost: 'sent by telnet while neither peer nor disk took them: nobody repeats those',
  killed: 'only in the memory of a process that was killed: stop it with SIGTERM',
  unexplained: 'in no counter at all: a bug, please report it with the ledger files',
}

/** A line a hop, then the reasons, then `lost: 0` or how much, why, since when and what to do. */
export function ledgerTable(reports: readonly LedgerReport[]): string {
  const accounts = reports.flatMap((report) => report.accounts)
  const lost = accounts.flatMap(lossesOf)
  return [
    formatTable(heading, accounts.map(row)),
    ...accounts.flatMap(reasons),
    lost.length === 0 ? 'lost: 0' : `lost: ${grouped(accounts.reduce((total, { lost }) => total + lost, 0))}`,
    ...lost.map((line) => `  ${line}`),
  ].join('\n')
}

function row(account: PeriodTotals): string[] {
  const { received, heldBefore, out, refused, returned, returnedByStop, lost, held } = account
  const figures = [heldBefore, received, sum(out), sum(refused), sum(returned) + returnedByStop, lost, sum(held)]
  return [account.account, account.items, ...figures.map(grouped)]
}

/** Why items did not simply go on. */
function reasons({ account, out, refused, returned, returnedByStop, held }: PeriodTotals): string[] {
  const several = Object.keys(out).length > 1 ? [listed('', out)] : []
  const stopped = returnedByStop === 0 ? [] : [`${grouped(returnedByStop)} returned by a stop: senders keep them`]
  const parts = [...several, listed('refused', refused), listed('returned', returned), ...stopped, listed('held', held)]
  const told = parts.filter((part) => part !== '')
  return told.length === 0 ? [] : [`  ${account}: ${told.join('; ')}`]
}

function listed(kind: string, amounts: Amounts): string {
  const parts = Object.entries(amounts).map(([name, amount]) => `${grouped(amount)} ${reasonOf(name)}`)
  return parts.length === 0 ? '' : `${kind === '' ? '' : `${kind}: `}${parts.join(', ')}`
}

function lossesOf({ account, dropped, unexplained, lostSince }: PeriodTotals): string[] {
  const all = unexplained === 0 ? dropped : { ...dropped, unexplained }
  const since = lostSince === undefined ? '' : ` since ${new Date(lostSince).toISOString()}`
  return Object.entries(all).map(([name, amount]) => {
    const reason = reasonOf(name)
    return `${grouped(amount)} ${account}: ${reason}${since}; ${advice[reason] ?? 'see the README of the module'}`
  })
}

/** `judge.judge-00.10.0.0.7:6080.dropped.size` → `size`, `ReturnedCnt` → `Returned`. */
function reasonOf(counter: string): string {
  return counter.slice(counter.lastIndexOf('.') + 1).replace(/Cnt$/, '')
}

/** 1234567 → `1 234 567` */
export function grouped(number: number): string {
  return String(number).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ' ')
}
