import type { FastifyReply } from 'fastify'
import type { CounterRow } from '#lib/counters'
import type { Routes } from '#lib/http'
import { projectRoot, version } from '#lib/module'
import type { Reload } from '#lib/module'
import { sendJson, sendText } from './answers.ts'

/** What the internal HTTP port shows and does. */
export interface InternalFaces {
  /** The configuration in force, fit to be shown. */
  config(): unknown
  rows(): CounterRow[]
  /** What an operator should know although everything runs. */
  notices(): string[]
  /** Reads the configuration file again. Rejects, changing nothing, when it is bad. */
  reload(): Promise<Reload>
}

/** Routes of port 6071: those of Open-Falcon's graph that still mean something, with their texts. */
export function internalRoutes(faces: InternalFaces): Routes {
  return (app, trusted) => {
    app.get('/health', (request, reply) =>
      request.url.includes('?') ? sendJson(reply, { status: 'ok', notices: faces.notices() }) : sendText(reply, 'ok'),
    )
    app.get('/version', (_request, reply) => sendText(reply, version))
    app.get('/workdir', trusted, (_request, reply) => sendText(reply, projectRoot))
    app.get('/config', trusted, (_request, reply) => success(reply, faces.config()))
    app.route({
      method: ['GET', 'POST'],
      url: '/config/reload',
      ...trusted,
      handler: async (_request, reply) => success(reply, await faces.reload()),
    })
    app.get('/api/v2/health', (_request, reply) => sendJson(reply, { msg: 'ok' }))
    app.get('/api/v2/version', (_request, reply) => sendJson(reply, { value: version }))
    app.get('/api/v2/workdir', trusted, (_request, reply) => sendJson(reply, { value: projectRoot }))
    app.get('/api/v2/config', trusted, (_request, reply) => sendJson(reply, { value: faces.config() }))
    // Falcon: the one is a bare array, the other has the usual envelope.
    app.get('/counter/all', (_request, reply) => sendJson(reply, rowsOf(faces)))
    app.get('/statistics/all', (_request, reply) => success(reply, rowsOf(faces)))
    // The index is part of the store and always complete: there is nothing to update.
    app.get('/index/updateAll', (_request, reply) => sendJson(reply, { msg: 'ok' }))
    app.get('/index/updateAll/concurrent', (_request, reply) => sendJson(reply, { msg: 'ok', value: 0 }))
  }
}

function rowsOf(faces: InternalFaces): unknown {
  return faces.rows().map((row) => ({ ...row, Other: {} }))
}

function success(reply: FastifyReply, value: unknown): FastifyReply {
  return sendJson(reply, { data: value, msg: 'success' })
}
