import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Counters } from '#lib/counters'
import { startHttp } from '#lib/http'
import type { HttpServer } from '#lib/http'
import { listenLink } from '#lib/link'
import type { LinkServer } from '#lib/link'
import type { Logger } from '#lib/log'
import { version } from '#lib/module'
import type { GraphQueryConfig } from '../config.ts'
import { sendJson, sendText } from '../http/answers.ts'
import { copyAsker, copyMethod } from './copy-questions.ts'
import type { CopyState } from './copy-questions.ts'

/** What the node's ports say while it has no store yet. */
export interface WaitingRoom {
  close(): Promise<void>
}

/**
 * Opens the node's ports before there is a store. Other copies that ask for one hear that there is none here, when that is so:
 * one that is yet to be opened counts as away. Transfers and other graphs
 * are turned away with a reason, which to them is a node that is down: they keep samples for it, and ask its siblings.
 * HTTP answers 503 with what `says` gives.
 * @throws when a port is taken
 */
export async function openWaitingRoom(
  config: GraphQueryConfig,
  says: () => string,
  hasNothing: () => boolean,
  faces: { readonly counters: Counters; readonly log: Logger },
): Promise<WaitingRoom> {
  const { counters, log } = faces
  const opened: (LinkServer | HttpServer)[] = []
  const close = async () => {
    for (const server of opened.splice(0).toReversed()) await server.close()
  }
  const none: CopyState = { hasStore: false, begins: 0, bytes: 0, refusal: null }
  const trust = () => ({ addresses: config.trusted, token: config.token })
  try {
    if (config.rpc.enabled)
      opened.push(
        await listenLink({
          listen: config.rpc.listen,
          module: 'graph-query',
          turnAway: (peer) => (peer === copyAsker ? undefined : `it is ${says()}`),
          handler: {
            define: () => undefined,
            take: () => Promise.reject(new Error('there is no store yet')),
            calls: {
              async [copyMethod('state')]() {
                if (!hasNothing()) throw new Error(`it is ${says()}`)
                return none
              },
            },
          },
          counters,
          log,
        }),
      )
    if (config.http.enabled)
      opened.push(
        await startHttp({ listen: config.http.listen, trust, log }, (app) => {
          app.get('/version', (_request, reply) => sendText(reply, version))
          const rows = () => counters.rows().map((row) => ({ ...row, Other: {} }))
          app.get('/counter/all', (_request, reply) => sendJson(reply, rows()))
          app.get('/statistics/all', (_request, reply) => sendJson(reply, { data: rows(), msg: 'success' }))
          app.get('/health', (request, reply) =>
            request.url.includes('?')
              ? sendJson(reply.code(503), { status: 'starting', notices: [says()] })
              : sendText(reply.code(503), says()),
          )
          app.all('/*', notYet)
        }),
      )
    if (config.query.enabled)
      opened.push(await startHttp({ listen: config.query.listen, trust, log }, (app) => app.all('/*', notYet)))
    return { close }
  } catch (error) {
    await close()
    throw error
  }

  function notYet(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
    return sendJson(reply.code(503), { error: `this node is ${says()}` })
  }
}
