import type { Amounts } from './account.ts'
import type { LedgerReport } from './keeper.ts'
import type { PeriodTotals } from './period.ts'

/** The reports of processes that share the work of one module as one: their accounts of the same name added up. */
export function mergeReports(reports: readonly LedgerReport[]): LedgerReport {
  const [first] = reports
  if (!first) throw new Error('Cannot merge ledger reports: there is none')
  if (reports.length === 1) return first
  const merged = new Map<string, PeriodTotals>()
  for (const account of reports.flatMap(({ accounts }) => accounts)) {
    const known = merged.get(account.account)
    merged.set(account.account, known ? added(known, account) : account)
  }
  const at = reports.flatMap((report) => report.at ?? [])
  return { ...first, at: at.length === 0 ? undefined : Math.max(...at), accounts: [...merged.values()] }
}

function added(a: PeriodTotals, b: PeriodTotals): PeriodTotals {
  const since = [a.lostSince, b.lostSince].filter((one) => one !== undefined)
  return {
    account: a.account,
    items: a.items,
    received: a.received + b.received,
    heldBefore: a.heldBefore + b.heldBefore,
    out: addedAmounts(a.out, b.out),
    refused: addedAmounts(a.refused, b.refused),
    returned: addedAmounts(a.returned, b.returned),
    returnedByStop: a.returnedByStop + b.returnedByStop,
    dropped: addedAmounts(a.dropped, b.dropped),
    held: addedAmounts(a.held, b.held),
    unexplained: a.unexplained + b.unexplained,
    lost: a.lost + b.lost,
    ...(since.length > 0 && { lostSince: Math.min(...since) }),
  }
}

function addedAmounts(a: Amounts, b: Amounts): Amounts {
  const sum: Record<string, number> = { ...a }
  for (const [name, amount] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + amount
  return sum
}
