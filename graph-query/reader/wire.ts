import { isToken } from '#lib/http'
import { z } from 'zod'
import type { History } from '../store/types.ts'
import type { OnMissing, Reader } from './reader.ts'

/** What one graph asks another over the link. Points travel as the base64 of their doubles, so that none changes. */
const kind = z.enum(['GAUGE', 'DERIVE'])
const consolidation = z.enum(['AVERAGE', 'MAX', 'MIN'])
const paging = { page: z.int().min(1), limit: z.int().min(1) }
const names = z.array(z.string())

export const questions = {
  history: z.object({
    endpoint: z.string(),
    counter: z.string(),
    consolidation,
    start: z.number(),
    end: z.number(),
    width: z.int().min(1).exactOptional(),
    mostPoints: z.int().min(1),
  }),
  last: z.object({ endpoint: z.string(), counter: z.string() }),
  searchEndpoints: z.object({ q: z.string(), tags: z.string(), ...paging }),
  searchCounters: z.object({ endpointIds: z.array(z.number()), metricQuery: z.string(), ...paging }),
  endpoints: z.object({ names }),
  deleteEndpoints: z.object({ names, token: z.string() }),
  deleteCounters: z.object({ endpoints: names, counters: names, token: z.string() }),
}

const run = z.object({
  first: z.number(),
  interval: z.number(),
  values: z.base64(),
  counts: z.base64().exactOptional(),
})
const timed = z.object({ timestamp: z.number(), value: z.number() })

export const answers = {
  history: z.object({ kind, step: z.number(), runs: z.array(run) }).nullable(),
  last: z.object({ kind, step: z.number(), ...timed.shape, previous: timed.optional() }).nullable(),
  searchEndpoints: z.array(z.object({ id: z.number(), endpoint: z.string() })),
  searchCounters: z.array(z.object({ endpointId: z.number(), counter: z.string(), step: z.number(), kind })),
  endpoints: z.array(z.object({ id: z.number(), endpoint: z.string(), timestamp: z.number() })),
  deleteEndpoints: z.object({ endpoints: z.number(), counters: z.number() }),
  deleteCounters: z.number(),
}

export type Question = keyof typeof questions

/** Where a question comes in on the link. */
export const methodOf = (question: Question) => `graph.${question}`

/** Who may delete over the link, or take a copy of all; the link itself is open to whoever reaches it. */
export interface LinkAccess {
  /** What the nodes of a cluster share; empty when there is none. */
  token(): string
  /** Whether only this machine reaches the link: then no token is needed. */
  readonly isLocal: boolean
}

/** The link's calls by which other graphs read this node. */
export function readerCalls(reader: Reader, access: LinkAccess): Record<string, (params: unknown) => Promise<unknown>> {
  const answered: { [Q in Question]: (params: z.output<(typeof questions)[Q]>) => Promise<unknown> } = {
    history: async (request) => packHistory(await reader.history(request, refuseMissing)),
    last: async ({ endpoint, counter }) => (await reader.last(endpoint, counter)) ?? null,
    searchEndpoints: (query) => reader.searchEndpoints(query, refuseMissing),
    searchCounters: (query) => reader.searchCounters(query, refuseMissing),
    endpoints: (query) => reader.endpoints(query.names, refuseMissing),
    async deleteEndpoints(query) {
      checkToken(query.token, access)
      return reader.deleteEndpoints(query.names)
    },
    async deleteCounters(query) {
      checkToken(query.token, access)
      return reader.deleteCounters(query.endpoints, query.counters)
    },
  }
  return Object.fromEntries(
    Object.entries(answered).map(([question, answer]) => [
      methodOf(question as Question),
      // The schema of a question gives what its answerer takes.
      async (params: unknown) =>
        (answer as (p: unknown) => Promise<unknown>)(questions[question as Question].parse(params)),
    ]),
  )
}

/** This node answers for itself alone, so none can be missing. */
const refuseMissing: OnMissing = (error) => {
  throw error
}

function checkToken(shown: string, access: LinkAccess): void {
  const refusal = tokenRefusal(shown, access)
  if (refusal !== undefined) throw new Error(`Cannot delete on another node: ${refusal}`)
}

/** Why whoever shows this token is refused, undefined when it is not. */
export function tokenRefusal(shown: string, access: LinkAccess): string | undefined {
  const token = access.token()
  if (token === '')
    return access.isLocal ? undefined : 'the graphs of a cluster must have one token, and this one has none'
  return isToken(shown, token) ? undefined : 'the graphs of a cluster must have one token'
}

function packHistory(history: History | undefined): z.output<typeof answers.history> {
  if (!history) return null
  const runs = history.runs.map(({ first, interval, values, counts }) => ({
    first,
    interval,
    values: packDoubles(values),
    ...(counts && { counts: packDoubles(counts) }),
  }))
  return { ...history, runs }
}

export function unpackHistory(packed: z.output<typeof answers.history>): History | undefined {
  if (!packed) return undefined
  const runs = packed.runs.map(({ first, interval, values, counts }) => ({
    first,
    interval,
    values: unpackDoubles(values),
    ...(counts !== undefined && { counts: unpackDoubles(counts) }),
  }))
  return { ...packed, runs }
}

function packDoubles(values: Float64Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')
}

function unpackDoubles(text: string): Float64Array {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'))
  return new Float64Array(bytes.buffer, 0, bytes.length >> 3)
}
