import type { FastifyReply, FastifyRequest } from 'fastify'
import { mayChange, sendData, sendText } from '#lib/http'
import type { Routes } from '#lib/http'
import { projectRoot, version } from '#lib/module'
import type { Reload } from '#lib/module'
import { parseGoFloat } from '#protocol'
import type { TransferConfig } from './config.ts'
import { publicConfig } from './config-view.ts'
import type { RingName } from './destinations.ts'
import { pushedItems } from './http-push.ts'
import type { Intake } from './intake.ts'
import type { DestinationRow } from './lanes/faces.ts'
import type { Lanes } from './lanes/lanes.ts'

/** What the HTTP port shows and does. */
export interface HttpFaces {
  /** The configuration in force. */
  config(): TransferConfig
  readonly intake: Intake
  readonly lanes: Pick<Lanes, 'counters' | 'destinations' | 'rejected' | 'trace' | 'filter'>
  /** What an operator should know although everything runs. */
  notices(): Promise<string[]>
  /** Reads the configuration file again. Rejects, changing nothing, when it is bad. */
  reload(): Promise<Reload>
}

/** Routes of port 6060: those of Open-Falcon's transfer with their texts, and `/rejected`, `/destinations`. */
export function transferRoutes(faces: HttpFaces): Routes {
  return (app, trusted) => {
    const { lanes } = faces
    // Falcon: `/api/push` looks at neither method nor content type, so a GET may have a body.
    app.addHttpMethod('GET', { hasBody: true, overrideExisting: true })

    const pushers = {
      bodyLimit: faces.config().http.maxBodyBytes,
      onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
        const { trusted: addresses, token, http } = faces.config()
        const sender = { address: request.socket.remoteAddress, headers: request.headers }
        if (http.pushFrom === 'any' || mayChange(sender, { addresses, token })) return
        await reply.code(403).send({ error: 'only loopback, a trusted address or the token may push' })
      },
    }
    app.all('/api/push', pushers, async (request, reply) => {
      // The router is lenient about a last slash, Open-Falcon is not.
      if (pathOf(request.url) !== '/api/push') return notFound(reply)
      const peer = request.socket.remoteAddress ?? 'unknown'
      const read = pushedItems(request.headers, request.body)
      if (!read.ok) {
        if (read.malformed) faces.intake.refuseCall(read.shown, read.malformed, peer, read.items)
        return sendText(reply.code(400), `${read.answer}\n`)
      }
      try {
        return await sendData(reply, await faces.intake.take(read.items, 'Http', peer))
      } catch (error) {
        return sendText(reply.code(503), `${(error as Error).message}\n`)
      }
    })

    app.get('/health', async (request, reply) => {
      if (!request.url.includes('?')) return sendText(reply, 'ok\n')
      const [notices, destinations] = await Promise.all([faces.notices(), lanes.destinations()])
      return sendData(reply, { status: 'ok', notices, destinations })
    })
    app.get('/version', (_request, reply) => sendText(reply, `${version}\n`))
    app.get('/workdir', trusted, (_request, reply) => sendText(reply, `${projectRoot}\n`))
    app.get('/config', trusted, (_request, reply) => sendData(reply, publicConfig(faces.config())))
    app.route({
      method: ['GET', 'POST'],
      url: '/config/reload',
      ...trusted,
      handler: async (_request, reply) => sendData(reply, reloadAnswer(await faces.reload())),
    })
    for (const url of ['/counter/all', '/statistics/all'])
      app.get(url, async (_request, reply) => {
        const rows = (await lanes.counters()).rows()
        return sendData(
          reply,
          rows.map((row) => ({ ...row, Other: {} })),
        )
      })
    app.get('/proc/step', (_request, reply) => sendData(reply, { min_step: faces.config().minStep }))
    app.get('/rejected', async (_request, reply) => sendData(reply, await lanes.rejected()))
    app.get('/destinations', async (_request, reply) => sendData(reply, await lanes.destinations()))
    app.get('/debug/connpool/:ring', async (request, reply) => {
      const { ring } = request.params as { ring: string }
      if (ring !== 'judge' && ring !== 'graph') return sendText(reply, 'bad args, module not exist\n')
      return sendText(reply, connectionLines(await lanes.destinations(), ring))
    })
    app.get('/trace/*', async (request, reply) => {
      const [endpoint, metric, tags = ''] = namesOf(request.url, '/trace/')
      if (!endpoint || !metric) return sendText(reply.code(400), 'give /trace/<endpoint>/<metric>[/k=v,...]\n')
      return sendData(reply, await lanes.trace(endpoint, metric, tags))
    })
    app.get('/filter/*', async (request, reply) => {
      const [endpoint, metric, operator, limit, tags = ''] = namesOf(request.url, '/filter/')
      if (!endpoint || !metric || operator === undefined || limit === undefined)
        return sendText(reply.code(400), 'give /filter/<endpoint>/<metric>/<eq|ne|gt|lt>/<number>[/k=v,...]\n')
      const threshold = parseGoFloat(limit)
      // Falcon: this is how the original spells it, and it answers before it looks at the operator.
      if (threshold === undefined) return sendData(reply, 'bad threadhold')
      const rows = await lanes.filter(endpoint, metric, tags, operator, threshold)
      return sendData(reply, rows.ok ? rows.value : rows.reason)
    })
    app.all('/*', (_request, reply) => notFound(reply))
  }
}

function notFound(reply: FastifyReply): FastifyReply {
  return sendText(reply.code(404), '404 page not found\n')
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? ''
}

/** The parts of a path after its prefix. An encoded slash belongs to a name; bad encodings never get here. */
function namesOf(url: string, prefix: string): string[] {
  return pathOf(url).slice(prefix.length).split('/').map(decodeURIComponent)
}

/** Falcon: plain `ok`; what waits for a restart is added to it. */
function reloadAnswer({ needsRestart }: Reload): string {
  return needsRestart.length === 0 ? 'ok' : `ok, after a restart also: ${needsRestart.join(', ')}`
}

/** A line an address in the form of Open-Falcon's pools; here one connection serves an address. */
function connectionLines(destinations: readonly DestinationRow[], ring: RingName): string {
  return destinations
    .filter((placed) => placed.ring === ring)
    .map(({ address, connected }) => {
      const count = connected ? 1 : 0
      return `Name:${address},Cnt:${count},active:${count},all:${count},free:${count}`
    })
    .join('\n')
}
