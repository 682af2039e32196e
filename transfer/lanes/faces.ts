import type { Counters } from '#lib/counters'
import type { LedgerReport } from '#lib/ledger'
import type { Reading } from '#protocol'
import type { TransferConfig } from '../config.ts'
import type { Destinations } from '../destinations.ts'
import type { ReceivedOf } from '../endpoint-counts.ts'
import type { Rejected } from '../rejected.ts'
import type { SeenRow } from '../watches.ts'

export type CountList = ReturnType<Counters['list']>
export type DestinationRow = ReturnType<Destinations['stats']>[number]
export type RejectedReport = ReturnType<Rejected['report']>

/** What a lane, in this process or another, can be asked: plain data goes in and comes out. */
export interface LaneFaces {
  counts(): CountList
  destinations(): DestinationRow[]
  rejected(): RejectedReport
  /** What an operator should know although everything runs. */
  notices(): string[]
  /** How much of a processor it uses, when that is nearly all of one. */
  busy(): number | undefined
  /** As `Watches.trace`. */
  trace(endpoint: string, metric: string, tags: string): SeenRow[]
  /** As `Watches.filter`. */
  filter(endpoint: string, metric: string, tags: string, operator: string, threshold: number): Reading<SeenRow[]>
  ledger(since: number): LedgerReport
  received(endpoint: string, sinceSeconds: number): ReceivedOf | undefined
  /** Takes over what of a configuration counts at once. */
  apply(config: TransferConfig): void
}
