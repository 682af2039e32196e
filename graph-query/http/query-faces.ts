import type { Counters } from '#lib/counters'
import type { Trust } from '#lib/http'
import type { Logger } from '#lib/log'
import type { Reader } from '../reader/reader.ts'
import type { ArchiveSetting } from '../store/layout.ts'
import type { QueryLimits } from './limits.ts'

/** What the routes of the query port need. */
export interface QueryFaces {
  readonly reader: Reader
  readonly counters: Counters
  readonly log: Logger
  trust(): Trust
  limits(): QueryLimits
  /** The name of the node that owns a series; empty when there is only this one. */
  nodeOf(endpoint: string, counter: string): string
  /** Rows that are kept of every series. */
  readonly archives: readonly ArchiveSetting[]
}
