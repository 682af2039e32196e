import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { parseListen } from '#lib/address'
import type { Logger } from '#lib/log'
import { mayChange } from './trust.ts'
import type { Trust } from './trust.ts'

/**
 * Adds a module's routes. `trusted` is for routes that change or run something: others get 403, before their body is read.
 */
export type Routes = (
  app: FastifyInstance,
  trusted: { onRequest: (request: FastifyRequest, reply: FastifyReply) => Promise<void> },
) => void

export interface HttpServer {
  /** The port in use, also when the configured one was 0. */
  readonly port: number
  close(): Promise<void>
}

export interface HttpOptions {
  /** `host:port` */
  readonly listen: string
  /** Asked at each request, so that a reloaded configuration counts at once. */
  readonly trust: () => Trust
  /** Bytes; default 32 MiB. A route may have its own. */
  readonly bodyLimit?: number
  /** What every module shows to anybody, by path; the rest is `routes`. */
  readonly pages?: Pages
  readonly log: Logger
}

/** Read-only answers to a GET. One that rejects is answered with 500. */
export type Pages = Readonly<Record<string, (query: URLSearchParams) => Page | Promise<Page>>>

export interface Page {
  /** Default 200. */
  readonly status?: number
  readonly contentType: string
  readonly body: string
}

/** For a request to come in whole: who sends a byte now and then holds no connection for ever. */
const requestTimeoutMs = 60_000

/**
 * A module's HTTP port, in Open-Falcon's manner: a handler's result object becomes JSON, errors become
 * `{"error": "…"}` with their status. A body is read as JSON whatever its content type, since scripts rarely set it.
 * @throws when the port cannot be bound; the message names the address.
 */
export async function startHttp(options: HttpOptions, routes: Routes): Promise<HttpServer> {
  const address = parseListen(options.listen)
  if (!address) throw new Error(`Cannot listen on "${options.listen}": it is not host:port`)
  // Loaded when there is something to serve: who only asks this face for trust must not pay its megabytes.
  const { fastify } = await import('fastify')
  const app = fastify({
    bodyLimit: options.bodyLimit ?? 32 * 2 ** 20,
    forceCloseConnections: true,
    requestTimeout: requestTimeoutMs,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 4096 },
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.setErrorHandler(async (error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500
    if (status >= 500) options.log.error({ err: error, url: request.url }, 'request failed')
    await reply
      .code(status)
      .send({ error: status >= 500 ? 'internal error, see the log of this module' : error.message })
  })
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ error: `no route ${request.method} ${request.url}` }),
  )
  for (const [path, page] of Object.entries(options.pages ?? {}))
    app.get(path, async (request, reply) => {
      const { status = 200, contentType, body } = await page(new URLSearchParams(request.url.split('?')[1] ?? ''))
      return reply.code(status).type(contentType).send(body)
    })
  routes(app, {
    onRequest: async (request, reply) => {
      if (mayChange({ address: request.socket.remoteAddress, headers: request.headers }, options.trust())) return
      await reply.code(403).send({ error: 'only loopback, a trusted address or the token may do this' })
    },
  })
  try {
    await app.listen({ host: address.host === '' ? '::' : address.host, port: address.port })
  } catch (error) {
    await app.close()
    throw new Error(`Cannot listen on ${options.listen}: ${(error as Error).message}`, { cause: error })
  }
  const bound = app.server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : address.port,
    close: () => app.close(),
  }
}
