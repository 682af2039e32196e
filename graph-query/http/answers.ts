import type { FastifyReply } from 'fastify'
import { graphFloat } from '#protocol'
import type { History, LastPoint } from '../store/types.ts'

/** Falcon: the API's answers end with a newline. */
export function sendJson(reply: FastifyReply, value: unknown): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(`${JSON.stringify(value)}\n`)
}

export function sendText(reply: FastifyReply, body: string): FastifyReply {
  return reply.type('text/plain; charset=utf-8').send(body)
}

export function sendError(reply: FastifyReply, status: number, error: string): FastifyReply {
  return sendJson(reply.code(status), { error })
}

/** Points in one piece of an answer: writing them takes about a millisecond. */
const pointsPerPiece = 2000

/** One element of a history answer, piece by piece. `undefined` is a series nobody knows. */
export function* historyPieces(
  endpoint: string,
  counter: string,
  history: History | undefined,
  textOf: (value: number) => string = graphFloat,
): Generator<string> {
  if (!history) {
    yield '{"endpoint":"","counter":"","dstype":"","step":0,"Values":[]}'
    return
  }
  const head = `{"endpoint":${JSON.stringify(endpoint)},"counter":${JSON.stringify(counter)}`
  let piece = `${head},"dstype":"${history.kind}","step":${history.step},"Values":[`
  let points = 0
  for (const { first, interval, values } of history.runs)
    for (let i = 0; i < values.length; i++) {
      if (points > 0) piece += ','
      piece += `{"timestamp":${first + i * interval},"value":${textOf(values[i] ?? NaN)}}`
      if (++points % pointsPerPiece !== 0) continue
      yield piece
      piece = ''
    }
  yield `${piece}]}`
}

/** One element of a last-point answer. */
export function lastPointText(endpoint: string, counter: string, last: LastPoint | undefined): string {
  const { timestamp, value } = shownPoint(last)
  const head = `{"endpoint":${JSON.stringify(endpoint)},"counter":${JSON.stringify(counter)}`
  return `${head},"value":{"timestamp":${timestamp},"value":${graphFloat(value)}}}`
}

/**
 * Falcon: the newest point as it was sent; of a DERIVE the rate of the newest two, if they are exactly one step apart (0
 * after a reset); zeros when there is none.
 */
export function shownPoint(last: LastPoint | undefined): { timestamp: number; value: number } {
  if (!last) return { timestamp: 0, value: 0 }
  const { timestamp, value, previous, step, kind } = last
  if (kind === 'GAUGE') return { timestamp, value }
  if (!previous || timestamp - previous.timestamp !== step) return { timestamp: 0, value: 0 }
  return { timestamp, value: Math.max(0, (value - previous.value) / step) }
}
