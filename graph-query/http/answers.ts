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

/** One element of a history answer. `undefined` is a series nobody knows. */
export function historyText(endpoint: string, counter: string, history: History | undefined): string {
  if (!history) return '{"endpoint":"","counter":"","dstype":"","step":0,"Values":[]}'
  const points: string[] = []
  for (const { first, interval, values } of history.runs)
    for (let i = 0; i < values.length; i++)
      points.push(`{"timestamp":${first + i * interval},"value":${graphFloat(values[i] ?? NaN)}}`)
  const head = `{"endpoint":${JSON.stringify(endpoint)},"counter":${JSON.stringify(counter)}`
  return `${head},"dstype":"${history.kind}","step":${history.step},"Values":[${points.join(',')}]}`
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
