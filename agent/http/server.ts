import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { posix } from 'node:path'
import { parseListen } from '#lib/address'
import type { Pages } from '#lib/http'
import type { Logger } from '#lib/log'
import { escapeHtml, failure, redirect, text } from './answer.ts'
import type { Answer } from './answer.ts'

export interface AgentRequest {
  readonly method: string
  readonly query: URLSearchParams
  /** Of the peer; undefined when it is gone already. */
  readonly address: string | undefined
  readonly headers: IncomingMessage['headers']
  /** Whether a body was announced: a length above 0, or chunks. */
  readonly hasBody: boolean
  /** The whole body; undefined when it is longer than `limit` bytes. Rejects when the peer goes away. */
  body(limit: number): Promise<Buffer | undefined>
}

export type Handler = (request: AgentRequest) => Answer | Promise<Answer>

/** By exact path; any method is taken, as Open-Falcon's agent does. */
export type Routes = Readonly<Record<string, Handler>>

export interface AgentServer {
  /** The port in use, also when the configured one was 0. */
  readonly port: number
  close(): Promise<void>
}

const maxConnections = 500

/** The pages that every module has, as routes of this server. */
export function pageRoutes(pages: Pages): Routes {
  return Object.fromEntries(
    Object.entries(pages).map(([path, page]): [string, Handler] => [
      path,
      async ({ query }) => ({ status: 200, ...(await page(query)) }),
    ]),
  )
}

/**
 * The agent's own small HTTP server: on every host of a fleet a web framework's megabytes count. It answers as Go's
 * does (see the protocol vectors), down to unclean paths and requests without a host.
 * @throws when the port cannot be bound; the message names the address.
 */
export async function startAgentServer(options: { listen: string; routes: Routes; log: Logger }): Promise<AgentServer> {
  const { listen, routes, log } = options
  const address = parseListen(listen)
  if (!address) throw new Error(`Cannot listen on "${listen}": it is not host:port`)
  const server = createServer(
    // Node refuses a request without host with an empty answer; ours says what is missing.
    { requireHostHeader: false, requestTimeout: 30_000, headersTimeout: 20_000, keepAliveTimeout: 60_000 },
    (request, response) => {
      void answer(request, routes, log).then((answer) => write(request, response, answer))
    },
  )
  server.maxConnections = maxConnections
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuse(error, socket as Socket))
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new Error(`Cannot listen on ${listen}: ${error.message}`, { cause: error })))
    server.listen({ port: address.port, host: address.host === '' ? '::' : address.host }, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
      server.closeAllConnections()
      await closed
    },
  }
}

async function answer(request: IncomingMessage, routes: Routes, log: Logger): Promise<Answer> {
  if (request.httpVersion === '1.1' && request.headers.host === undefined)
    return text('400 Bad Request: missing required Host header', 400)
  if (request.url === '*') return { status: 200, body: '' }
  const path = pathOf(request.url ?? '/')
  if (path === undefined) return text('400 Bad Request', 400)
  // Go's router sends unclean paths to where they lead.
  const cleaned = posix.normalize(path.startsWith('/') ? path : `/${path}`)
  if (cleaned !== path) {
    const location = cleaned + (/\?[^#]*/.exec(request.url ?? '')?.[0] ?? '')
    const shown = request.method === 'GET' ? `<a href="${escapeHtml(location)}">Moved Permanently</a>.\n\n` : ''
    return redirect(location, shown)
  }
  const handler = Object.hasOwn(routes, path) ? routes[path] : undefined
  if (!handler) return failure(404, '404 page not found')
  try {
    return await handler(describe(request))
  } catch (error) {
    log.error({ err: error, path }, 'request failed')
    return failure(500, 'internal error, see the log of the agent')
  }
}

function describe(request: IncomingMessage): AgentRequest {
  const length = request.headers['content-length']
  return {
    method: request.method ?? 'GET',
    query: new URLSearchParams(/\?([^#]*)/.exec(request.url ?? '')?.[1] ?? ''),
    address: request.socket.remoteAddress,
    headers: request.headers,
    hasBody: request.headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) > 0),
    async body(limit) {
      const parts: Buffer[] = []
      let size = 0
      for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        size += part.length
        if (size > limit) return undefined
        parts.push(part)
      }
      return Buffer.concat(parts)
    },
  }
}

function write(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  response.statusCode = answer.status
  const body = Buffer.from(answer.body)
  if (answer.contentType !== undefined) response.setHeader('Content-Type', answer.contentType)
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value)
  response.setHeader('Content-Length', body.length)
  // What was not read of the request would be taken for the next one.
  if (!request.complete) response.setHeader('Connection', 'close')
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** Bytes that are no HTTP request get Go's answer, unless they follow a request that is being answered. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'HPE_CLOSED_CONNECTION') return
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`)
}

/** The decoded path of a request target; undefined when it cannot be decoded. */
function pathOf(target: string): string | undefined {
  const origin = /^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i.exec(target)?.[0] ?? ''
  const path = target.slice(origin.length).replace(/[?#].*$/s, '')
  try {
    return path === '' ? '/' : decodeURIComponent(path)
  } catch {
    return undefined
  }
}
