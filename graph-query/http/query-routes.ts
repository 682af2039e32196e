import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Counters } from '#lib/counters'
import type { Routes, Trust } from '#lib/http'
import type { Logger } from '#lib/log'
import { version } from '#lib/module'
import type { Reading } from '#protocol'
import { BadQuery, NodeUnreachable } from '../reader/reader.ts'
import type { Reader } from '../reader/reader.ts'
import { createPacer } from '../store/pacer.ts'
import type { History } from '../store/types.ts'
import { refusalFor } from './access.ts'
import { historyPieces, lastPointText, sendError, sendJson, sendText } from './answers.ts'
import { readCounterList, readHistoryCall, readLastCall, readNameList } from './requests.ts'
import type { HistoryCall } from './requests.ts'

export interface QueryFaces {
  readonly reader: Reader
  readonly counters: Counters
  readonly log: Logger
  trust(): Trust
  limits(): { readonly mostSeries: number; readonly mostPoints: number }
}

const largestPage = 100_000
/** Series that are asked for at the same time. */
const sideBySide = 16
/** Characters that an answer is written in at once. */
const chunkLength = 64 * 1024

interface HistoryElement {
  readonly endpoint: string
  readonly counter: string
  readonly history: History | undefined
}

/** Routes of port 9966: the graph part of Open-Falcon's API with its shapes. */
export function queryRoutes(faces: QueryFaces): Routes {
  const { reader, counters, log } = faces
  for (const name of ['GraphQueryCnt', 'GraphQueryItemCnt', 'GraphLastCnt', 'QueryRefusedCnt', 'NodeUnreachableCnt'])
    counters.add(name, 0)
  return (app) => {
    app.addHttpMethod('DELETE', { hasBody: true, overrideExisting: true })
    app.get('/health', (_request, reply) => sendText(reply, 'ok'))
    app.get('/version', (_request, reply) => sendText(reply, version))

    void app.register(
      async (api) => {
        api.addHook('onRequest', async (request, reply) => {
          const refusal = refusalFor(request, faces.trust())
          if (refusal === undefined) return
          counters.add('QueryRefusedCnt')
          await sendError(reply, 401, refusal)
        })
        api.setErrorHandler(async (error: Error & { statusCode?: number }, request, reply) => {
          const status =
            error instanceof BadQuery ? 400 : error instanceof NodeUnreachable ? 503 : (error.statusCode ?? 500)
          if (status >= 500) log.error({ err: error, url: request.url }, 'query failed')
          await sendError(reply, status, status === 500 ? 'internal error, see the log of this module' : error.message)
        })

        api.post('/history', (request, reply) => answerHistory(request, reply))
        api.post('/lastpoint', async (request, reply) => {
          const asked = accept(readLastCall(request.body))
          accept(within(asked.length, faces.limits().mostSeries))
          counters.add('GraphLastCnt', asked.length)
          const elements = await answerAll(asked, async ({ endpoint, counter }) => {
            const last = await orUnanswered(reply, () => reader.last(endpoint, counter))
            // Falcon: what could not be asked is left out.
            return last === unanswered ? [] : [lastPointText(endpoint, counter, last)]
          })
          return reply.type('application/json; charset=utf-8').send(`[${elements.flat().join(',')}]\n`)
        })
        api.get('/endpoint', async (request, reply) => {
          const { q = '', tags = '', limit, page } = queryOf(request)
          if (q === '' && tags === '') throw new BadQuery('q and labels are all missing')
          const found = await reader.searchEndpoints({ q, tags, ...readPage(limit, page) }, missingIn(reply))
          return sendJson(
            reply,
            found.map(({ id, endpoint }) => ({ endpoint, id })),
          )
        })
        api.get('/endpointobj', async (request, reply) => {
          const { deadline = '0' } = queryOf(request)
          const names = listOf(request, 'endpoints')
          if (names.length === 0) throw new BadQuery('endpoints missing')
          const since = readNumber('deadline', deadline, -Infinity)
          const found = await reader.endpoints(names, missingIn(reply))
          return sendJson(
            reply,
            found
              .filter(({ timestamp }) => timestamp >= since)
              .map(({ id, endpoint, timestamp }) => ({ endpoint, id, ts: timestamp })),
          )
        })
        api.get('/endpoint_counter', async (request, reply) => {
          const { eid = '', metricQuery = '.+', limit, page } = queryOf(request)
          if (eid === '') throw new BadQuery('eid is missing')
          const endpointIds = readIds(eid)
          const found = await reader.searchCounters(
            { endpointIds, metricQuery, ...readPage(limit, page) },
            missingIn(reply),
          )
          return sendJson(
            reply,
            found.map(({ counter, endpointId, step, kind }) => ({
              counter,
              endpoint_id: endpointId,
              step,
              type: kind,
            })),
          )
        })
        api.delete('/endpoint', async (request, reply) => {
          const names = accept(readNameList(request.body))
          const { endpoints, counters: affected } = await reader.deleteEndpoints(names)
          log.info({ endpoints, counters: affected, by: request.socket.remoteAddress }, 'endpoints deleted')
          return sendJson(reply, { affected_counter: affected, affected_endpoint: endpoints })
        })
        api.delete('/counter', async (request, reply) => {
          const { endpoints, counters: names } = accept(readCounterList(request.body))
          const affected = await reader.deleteCounters(endpoints, names)
          log.info({ counters: affected, by: request.socket.remoteAddress }, 'counters deleted')
          return sendJson(reply, { affected_counter: affected })
        })
      },
      { prefix: '/api/v1/graph' },
    )
  }

  async function answerHistory(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const call = accept(readHistoryCall(request.body))
    const limits = faces.limits()
    const series = call.hostnames.length * call.counters.length
    accept(within(series, limits.mostSeries))
    counters.add('GraphQueryCnt', series)
    const elements = await readHistories(call, Math.floor(limits.mostPoints / Math.max(1, series)), reply)
    return reply.type('application/json; charset=utf-8').send(Readable.from(render(elements)))
  }

  async function readHistories(call: HistoryCall, mostPoints: number, reply: FastifyReply): Promise<HistoryElement[]> {
    const { start, end } = call
    const consolidation = call.consolidation ?? 'AVERAGE'
    const asked = call.hostnames.flatMap((endpoint) => call.counters.map((counter) => ({ endpoint, counter })))
    const elements = await answerAll(asked, async ({ endpoint, counter }): Promise<HistoryElement[]> => {
      const request = { endpoint, counter, consolidation, start, end, mostPoints }
      const history = await orUnanswered(reply, () => reader.history(request))
      if (history === unanswered) return [{ endpoint, counter, history: undefined }]
      if (!history) return call.named ? [{ endpoint, counter, history }] : []
      for (const { values } of history.runs) counters.add('GraphQueryItemCnt', values.length)
      return [{ endpoint, counter, history: onlyRaw(call, history) }]
    })
    return elements.flat()
  }

  /** An element of a node that does not answer is empty; a header says so, so that nobody takes it for the truth. */
  async function orUnanswered<T>(reply: FastifyReply, ask: () => Promise<T>): Promise<T | typeof unanswered> {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof NodeUnreachable)) throw error
      noteMissing(reply, error)
      return unanswered
    }
  }

  /** Searches answer what the other nodes know, with the same header. */
  function missingIn(reply: FastifyReply): (error: NodeUnreachable) => void {
    return (error) => noteMissing(reply, error)
  }

  function noteMissing(reply: FastifyReply, error: NodeUnreachable): void {
    counters.add('NodeUnreachableCnt')
    const named = reply.getHeader('x-falcon-incomplete')
    const nodes = typeof named === 'string' ? named.split(', ') : []
    if (nodes.includes(error.node)) return
    // Once an answer, not once a series.
    log.warn({ node: error.node, err: error }, 'a graph node does not answer')
    reply.header('x-falcon-incomplete', [...nodes, error.node].join(', '))
  }
}

const unanswered = Symbol('unanswered')

/** Falcon: a consolidation that no archive has gives no rows but raw ones. */
function onlyRaw(call: HistoryCall, history: History): History {
  if (call.consolidation !== undefined) return history
  return { ...history, runs: history.runs.filter((run) => run.interval === history.step) }
}

/** The text of an answer in chunks; lets others run while it is written. */
async function* render(elements: readonly HistoryElement[]) {
  const pace = createPacer()
  let chunk = '['
  for (const [i, { endpoint, counter, history }] of elements.entries()) {
    if (i > 0) chunk += ','
    for (const piece of historyPieces(endpoint, counter, history)) {
      chunk += piece
      if (chunk.length < chunkLength) continue
      yield chunk
      chunk = ''
      await pace()
    }
  }
  yield `${chunk}]\n`
}

/** Answers `asked` in its order, some of them side by side: those of other nodes take their time. */
async function answerAll<Q, A>(asked: readonly Q[], answer: (question: Q) => Promise<A>): Promise<A[]> {
  const pace = createPacer()
  const answers: A[] = []
  const questions = asked.entries()
  let failed = false
  const answerSome = async () => {
    for (const [i, question] of questions) {
      if (failed) return
      try {
        answers[i] = await answer(question)
      } catch (error) {
        failed = true
        throw error
      }
      await pace()
    }
  }
  await Promise.all(Array.from({ length: sideBySide }, answerSome))
  return answers
}

function accept<T>(reading: Reading<T>): T {
  if (!reading.ok) throw new BadQuery(reading.reason)
  return reading.value
}

function within(series: number, most: number): Reading<number> {
  if (series <= most) return { ok: true, value: series }
  return { ok: false, reason: `${series} series in one call, at most ${most} are allowed` }
}

function queryOf(request: FastifyRequest): Record<string, string | undefined> {
  const query = request.query as Record<string, string | string[] | undefined>
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  )
}

function listOf(request: FastifyRequest, name: string): string[] {
  const value = (request.query as Record<string, string | string[] | undefined>)[name]
  return value === undefined ? [] : Array.isArray(value) ? value : [value]
}

function readPage(limit = '500', page = '1'): { limit: number; page: number } {
  // Falcon: a page before the first is the first.
  return {
    limit: Math.min(largestPage, readNumber('limit', limit, 0)),
    page: Math.max(1, readNumber('page', page, -Infinity)),
  }
}

function readNumber(name: string, text: string, least: number): number {
  const value = Number(text)
  if (!/^-?\d{1,15}$/.test(text) || value < least) throw new BadQuery(`${name} is not a number: "${text.slice(0, 40)}"`)
  return value
}

/** `1,2`, also in brackets. */
function readIds(text: string): number[] {
  const inner = text.replace(/^\[(.*)\]$/, '$1')
  if (!/^\d{1,16}( *, *\d{1,16})*$/.test(inner)) throw new BadQuery('input error, please check your input info.')
  return inner.split(',').map(Number)
}
