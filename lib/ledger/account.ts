import type { Counters } from '#lib/counters'

/**
 * Which counters of a module tell what became of its items. Every item that came in (or was inherited: on disk at the
 * start) is in exactly one of the others. A name may end in `*` for whatever follows;
 * `A - B` is A less what is counted in B too.
 */
export interface AccountSpec {
  /** What the account is about, for example `judge.judge-00.127.0.0.1:6080`. */
  readonly name: string
  /** `samples`, `events` */
  readonly items: string
  readonly in: readonly string[]
  readonly inherited?: string
  /** Passed on, stored or judged. */
  readonly out: readonly string[]
  /** Not wanted, and the sender was told or knows; no loss. */
  readonly refused?: readonly string[]
  /** Given back: the sender keeps them and tries again. */
  readonly returned?: readonly string[]
  /** Lost. */
  readonly dropped?: readonly string[]
  /** In memory or on disk now; gauges. */
  readonly held?: readonly string[]
  /** Who still has what was only in the memory of a killed process: its senders (they had no answer yet), or nobody. */
  readonly memoryBelongsTo?: 'senders' | 'nobody'
}

/** By counter; without those that are 0. */
export type Amounts = Readonly<Record<string, number>>

/** An account at one moment. What is counted is so since the start of the run. */
export interface AccountState {
  readonly name: string
  readonly items: string
  readonly in: Amounts
  readonly inherited: number
  readonly out: Amounts
  readonly refused: Amounts
  readonly returned: Amounts
  readonly dropped: Amounts
  readonly held: Amounts
  readonly memoryBelongsTo: 'senders' | 'nobody'
}

/** Reads all accounts of a module at once: nothing changes in between. */
export function readAccounts(specs: readonly AccountSpec[], counters: Counters): AccountState[] {
  const values = counters.values()
  const names = Object.keys(values)
  const amounts = (wanted: readonly string[] = []): Amounts =>
    Object.fromEntries(
      wanted
        .flatMap((name) => (name.endsWith('*') ? names.filter((known) => known.startsWith(name.slice(0, -1))) : [name]))
        .map((name): [string, number] => {
          const [whole = '', part = ''] = name.split(' - ')
          return [whole, (values[whole] ?? 0) - (values[part] ?? 0)]
        })
        .filter(([, value]) => value !== 0),
    )
  return specs.map((spec) => ({
    name: spec.name,
    items: spec.items,
    in: amounts(spec.in),
    inherited: spec.inherited === undefined ? 0 : (values[spec.inherited] ?? 0),
    out: amounts(spec.out),
    refused: amounts(spec.refused),
    returned: amounts(spec.returned),
    dropped: amounts(spec.dropped),
    held: amounts(spec.held),
    memoryBelongsTo: spec.memoryBelongsTo ?? 'senders',
  }))
}

/** Items that came in and are nowhere: 0, unless a module miscounts. */
export function imbalance(account: AccountState): number {
  const gone = [account.out, account.refused, account.returned, account.dropped, account.held].map(sum)
  return sum(account.in) + account.inherited - gone.reduce((total, one) => total + one, 0)
}

export function sum(amounts: Amounts): number {
  return Object.values(amounts).reduce((total, amount) => total + amount, 0)
}
