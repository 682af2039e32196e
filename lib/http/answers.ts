import type { FastifyReply } from 'fastify'
import { goJson } from '#protocol'

/** `{"msg":"success","data":…}`, the envelope of Open-Falcon's modules. */
export function sendData(reply: FastifyReply, value: unknown): FastifyReply {
  return sendJson(reply, { msg: 'success', data: value })
}

/** JSON as Go writes it, with `<`, `>` and `&` escaped. */
export function sendJson(reply: FastifyReply, value: unknown): FastifyReply {
  return reply.type('application/json; charset=UTF-8').send(goJson(value))
}

export function sendText(reply: FastifyReply, body: string): FastifyReply {
  return reply.type('text/plain; charset=utf-8').send(body)
}
