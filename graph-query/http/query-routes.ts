import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Routes } from '#lib/http'
import { version } from '#lib/module'
import { checksum } from '#protocol'
import { BadQuery, NodeUnreachable } from '../reader/reader.ts'
import { createPacer } from '../store/pacer.ts'
import type { History, LastPoint } from '../store/types.ts'
import { refusalFor } from './access.ts'
import { historyPieces, lastPointText, sendError, sendJson, sendText } from './answers.ts'
import { exportRoutes } from './export-routes.ts'
import { within, withinDays } from './limits.ts'
import type { QueryFaces } from './query-faces.ts'
import { accept, listOf, queryOf, readIds, readNumber, readPage } from './query-string.ts'
import { readCounterList, readHistoryCall, readLastCall, readNameList } from './requests.ts'
import type { HistoryCall } from './requests.ts'

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
          const elements = await answerAll(asked, faces.limits().timeoutSeconds, async ({ endpoint, counter }) => {
            const last = await orUnanswered(reply, () => reader.last(endpoint, counter))
            // Falcon: what could not be asked is left out.
            return last === unanswered ? [] : [lastPointText(endpoint, counter, last)]
          })
          return reply.type('application/json; charset=utf-8').send(`[${elements.flat().join(',')}]\n`)
        })
        api.post('/info', async (request, reply) => {
          const asked = accept(readLastCall(request.body))
          accept(within(asked.length, faces.limits().mostSeries))
          const elements = await answerAll(asked, faces.limits().timeoutSeconds, async ({ endpoint, counter }) => {
            const last = await orUnanswered(reply, () => reader.last(endpoint, counter))
            return last === unanswered || !last
              ? []
              : [
                  {
                    ...infoOf(endpoint, counter, last),
                    node: faces.nodeOf(endpoint, counter),
                    archives: faces.archives,
                  },
                ]
          })
          return sendJson(reply, elements.flat())
        })
        exportRoutes(api, faces)
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
    accept(withinDays(call, limits.mostDays))
    const elements = await readHistories(call, Math.floor(limits.mostPoints / Math.max(1, series)), reply)
    return reply.type('application/json; charset=utf-8').send(Readable.from(render(elements)))
  }

  async function readHistories(call: HistoryCall, mostPoints: number, reply: FastifyReply): Promise<HistoryElement[]> {
    const { start, end } = call
    const consolidation = call.consolidation ?? 'AVERAGE'
    const asked = call.hostnames.flatMap((endpoint) => call.counters.map((counter) => ({ endpoint, counter })))
    const elements = await answerAll(
      asked,
      faces.limits().timeoutSeconds,
      async ({ endpoint, counter }): Promise<HistoryElement[]> => {
        const request = { endpoint, counter, consolidation, start, end, mostPoints }
        const history = await orUnanswered(reply, () => reader.history(request, missingIn(reply)))
        if (history === unanswered) return [{ endpoint, counter, history: undefined }]
        if (!history) return call.named ? [{ endpoint, counter, history }] : []
        for (const { values } of history.runs) counters.add('GraphQueryItemCnt', values.length)
        return [{ endpoint, counter, history: onlyRaw(call, history) }]
      },
    )
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

/** What a series is. Falcon: consolFun holds the type, and the file is named after the checksum of the key. */
function infoOf(endpoint: string, counter: string, { kind, step, timestamp }: LastPoint) {
  const md5 = checksum(`${endpoint}/${counter}`)
  return {
    endpoint,
    counter,
    consolFun: kind,
    step,
    filename: `${md5.slice(0, 2)}/${md5}_${kind}_${step}.rrd`,
    last: timestamp,
  }
}

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

/** A call that went on for longer than the configuration allows. */
class TooSlow extends Error {
  readonly statusCode = 503
}

/** Answers `asked` in its order, some of them side by side: those of other nodes take their time. */
async function answerAll<Q, A>(
  asked: readonly Q[],
  timeoutSeconds: number,
  answer: (question: Q) => Promise<A>,
): Promise<A[]> {
  const pace = createPacer()
  const deadline = performance.now() + timeoutSeconds * 1000
  const answers: A[] = []
  const questions = asked.entries()
  let failed = false
  const answerSome = async () => {
    for (const [i, question] of questions) {
      if (failed) return
      try {
        if (performance.now() > deadline)
          throw new TooSlow(
            `the call took longer than ${timeoutSeconds} s (query.timeoutSeconds): ask for fewer series`,
          )
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
