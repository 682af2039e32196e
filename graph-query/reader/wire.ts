import { z } from 'zod'
import type { History } from '../store/types.ts'
import type { Reader } from './reader.ts'

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

const run = z.object({ first: z.number(), interval: z.number(), values: z.base64() })
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

/**
 * The link's calls by which other graphs read this node. Deleting needs the token, when there is one: the link itself is
 * open to whoever reaches it.
 */
export function readerCalls(
  reader: Reader,
  token: () => string,
): Record<string, (params: unknown) => Promise<unknown>> {
  const answered: { [Q in Question]: (params: z.output<(typeof questions)[Q]>) => Promise<unknown> } = {
    history: async (request) => packHistory(await reader.history(request)),
    last: async ({ endpoint, counter }) => (await reader.last(endpoint, counter)) ?? null,
    searchEndpoints: (query) => reader.searchEndpoints(query),
    searchCounters: (query) => reader.searchCounters(query),
    endpoints: (query) => reader.endpoints(query.names),
    async deleteEndpoints(query) {
      checkToken(query.token, token())
      return reader.deleteEndpoints(query.names)
    },
    async deleteCounters(query) {
      checkToken(query.token, token())
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

function checkToken(shown: string, expected: string): void {
  if (expected !== '' && shown !== expected)
    throw new Error('Cannot delete: the graphs of a cluster must have one token')
}

function packHistory(history: History | undefined): z.output<typeof answers.history> {
  if (!history) return null
  const runs = history.runs.map(({ first, interval, values }) => ({
    first,
    interval,
    values: Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64'),
  }))
  return { ...history, runs }
}

export function unpackHistory(packed: z.output<typeof answers.history>): History | undefined {
  if (!packed) return undefined
  const runs = packed.runs.map(({ first, interval, values }) => {
    const bytes = Uint8Array.from(Buffer.from(values, 'base64'))
    return { first, interval, values: new Float64Array(bytes.buffer, 0, bytes.length >> 3) }
  })
  return { ...packed, runs }
}
