import type { Points } from './history.ts'
import type { ArchiveSetting } from './layout.ts'
import type { SeriesKind } from './series-record.ts'
import type { Consolidation } from './rows.ts'
import type { SegmentMaker } from './segment-thread.ts'

/** What a series is called and how its values are to be understood. */
export interface SeriesName {
  readonly endpoint: string
  /** `metric` or `metric/k=v,…` */
  readonly counter: string
  readonly kind: SeriesKind
  /** Seconds, whole and at least 1. */
  readonly step: number
}

/** Why a point was not stored. Sending it again would change nothing. */
export type Refusal =
  /** Not a number: there is nothing to store. */
  | 'nan'
  /** Before the oldest raw point that is kept. */
  | 'old'
  /** More than a day ahead of the clock. */
  | 'future'
  /** One series or one step more than the configured limit. */
  | 'limit'

export interface HistoryRequest {
  readonly endpoint: string
  readonly counter: string
  readonly consolidation: Consolidation
  /** Unix seconds; the points lie in [start, end], and there are none unless start < end. */
  readonly start: number
  readonly end: number
  /** Steps a row stands for; without it the finest archive that reaches back to `start`. */
  readonly width?: number
  readonly mostPoints: number
}

export interface History {
  readonly kind: SeriesKind
  /** The series' own step in seconds, whatever the spacing of the points. */
  readonly step: number
  /**
   * One run of evenly spaced points; several when the series changed its kind or step, each in the time for which it
   * was the one that was sent.
   */
  readonly runs: readonly Points[]
}

export interface LastPoint {
  readonly kind: SeriesKind
  readonly step: number
  /** Unix seconds. */
  readonly timestamp: number
  /** As it was sent. */
  readonly value: number
  /** The point before, when there is one. */
  readonly previous: { readonly timestamp: number; readonly value: number } | undefined
}

export interface FoundEndpoint {
  readonly id: number
  readonly endpoint: string
}

export interface FoundCounter {
  readonly endpointId: number
  readonly counter: string
  readonly step: number
  readonly kind: SeriesKind
}

export interface Page {
  /** From 1. */
  readonly page: number
  readonly limit: number
}

/** Whether a name is looked for. */
export interface NamePattern {
  (name: string): boolean
  /** In lower case: no name fits that does not have it. */
  readonly literal?: string | undefined
}

export interface EndpointSearch extends Page {
  readonly name: NamePattern
  /** Each must be part of one and the same counter of the endpoint. */
  readonly parts: readonly string[]
}

export interface CounterSearch extends Page {
  readonly endpointIds: readonly number[]
  readonly name: NamePattern
}

export interface StoreStats {
  readonly series: number
  readonly endpoints: number
  readonly points: number
  readonly headBytes: number
  readonly walBytes: number
  readonly walFiles: number
  readonly segments: number
  readonly segmentBytes: number
  readonly damagedBlocks: number
}

export interface StoreOptions {
  /** Everything is kept below this folder, which no two stores may share. */
  readonly dir: string
  /** Unix seconds. */
  readonly now: () => number
  readonly archives?: readonly ArchiveSetting[]
  /** How long raw points are kept at least; default 30 days. */
  readonly rawRetentionSeconds?: number
  /** How long after their time points are waited for before coarser rows are stored; later ones still land. Default 2 h. */
  readonly lateSeconds?: number
  /** Series without a point for this long are forgotten; default 366 days. */
  readonly expireSeconds?: number
  /** `commit` resolves when the disk has the points, not only the operating system. */
  readonly strict?: boolean
  /** Bytes of points in memory before they are written early; at half as much again, points are turned away. Default 2 GiB. */
  readonly headBytes?: number
  readonly mostSeries?: number
  /** What writes segments; without it a thread that this store has for itself. */
  readonly maker?: SegmentMaker
  readonly onEvent: (event: StoreEvent) => void
}

/** What an operator should hear of. */
export type StoreEvent =
  | { readonly what: 'torn'; readonly file: string; readonly bytes: number }
  | { readonly what: 'damaged'; readonly file: string; readonly where: string }
  | { readonly what: 'unknown series in the log'; readonly points: number }
  | { readonly what: 'expired'; readonly series: number }

/** The time series of one node. The one face through which they are reached, here or on another node. */
export interface Store {
  /**
   * The slot under which a series' points are appended; the same for the same name. -1 when there are as many series or
   * steps as the limits allow.
   */
  define(name: SeriesName): number
  /** Takes one point, which is stored for good once `commit` has resolved; or says why it never will be. */
  append(slot: number, timestamp: number, value: number): Refusal | undefined
  /** Resolves when all points appended so far survive the death of this process. Rejects when the disk refuses them. */
  commit(): Promise<void>
  /** Why no points can be taken now, undefined when they can. */
  overloaded(): string | undefined
  query(request: HistoryRequest): History | undefined
  last(endpoint: string, counter: string): LastPoint | undefined
  searchEndpoints(search: EndpointSearch): Promise<FoundEndpoint[]>
  searchCounters(search: CounterSearch): Promise<FoundCounter[]>
  /** The endpoints among `names` that exist, with the time of their newest point. */
  endpoints(names: readonly string[]): { readonly id: number; readonly endpoint: string; readonly timestamp: number }[]
  /** Forgets series; their points are no longer answered. Resolves when that is stored. */
  deleteEndpoints(names: readonly string[]): Promise<{ readonly endpoints: number; readonly counters: number }>
  deleteCounters(endpoints: readonly string[], counters: readonly string[]): Promise<number>
  stats(): StoreStats
  /** Brings the disk up to what was written. To be called about once a second. */
  sync(): Promise<void>
  /** Writes complete windows, makes archives, drops what expired. To be called every few seconds; calls never overlap. */
  maintain(): Promise<void>
  /** Everything appended is on the disk when this resolves. Nothing but `close` may be called after it. */
  close(): Promise<void>
}
