import type { FoundCounter, FoundEndpoint, History, HistoryRequest, LastPoint } from '../store/types.ts'

/** Which endpoints are looked for, in the words of the query. */
export interface EndpointQuery {
  /** Regular expressions separated by blanks, all of which must fit the name; empty fits every name. */
  readonly q: string
  /** Separated by commas; one counter of the endpoint must contain them all. Empty asks for none. */
  readonly tags: string
  /** From 1. */
  readonly page: number
  readonly limit: number
}

export interface CounterQuery {
  readonly endpointIds: readonly number[]
  /** Regular expressions separated by blanks; a leading `!` means that it must not fit. */
  readonly metricQuery: string
  readonly page: number
  readonly limit: number
}

export interface KnownEndpoint {
  readonly id: number
  readonly endpoint: string
  /** Unix seconds of its newest point. */
  readonly timestamp: number
}

/** Hears of each node that did not answer and might have known more; what the others know is answered all the same. */
export type OnMissing = (error: NodeUnreachable) => void

/**
 * All stored series, wherever they are. Rejects with `BadQuery` when the question is at fault, with `NodeUnreachable`
 * when a node that would have to answer does not.
 */
export interface Reader {
  history(request: HistoryRequest, onMissing: OnMissing): Promise<History | undefined>
  last(endpoint: string, counter: string): Promise<LastPoint | undefined>
  searchEndpoints(query: EndpointQuery, onMissing: OnMissing): Promise<readonly FoundEndpoint[]>
  searchCounters(query: CounterQuery, onMissing: OnMissing): Promise<readonly FoundCounter[]>
  endpoints(names: readonly string[], onMissing: OnMissing): Promise<readonly KnownEndpoint[]>
  deleteEndpoints(names: readonly string[]): Promise<{ readonly endpoints: number; readonly counters: number }>
  deleteCounters(endpoints: readonly string[], counters: readonly string[]): Promise<number>
}

/** The question cannot be answered, by anybody. */
export class BadQuery extends Error {
  override name = 'BadQuery'
}

/** A node that has to be asked does not answer. */
export class NodeUnreachable extends Error {
  override name = 'NodeUnreachable'
  readonly node: string

  constructor(node: string, cause: unknown) {
    super(`Cannot ask ${node}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.node = node
  }
}
