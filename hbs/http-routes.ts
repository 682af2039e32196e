import type { FastifyReply, FastifyRequest } from 'fastify'
import { ConfigError } from '#lib/config'
import type { CounterRow } from '#lib/counters'
import { isLoopback, mayChange, sendData, sendText } from '#lib/http'
import type { Routes, Trust } from '#lib/http'
import { projectRoot, version, withoutSecrets } from '#lib/module'
import type { Reload } from '#lib/module'
import { RpcRefusal } from '#lib/rpc'
import { agentDetails, agentViews } from './agents/agent-view.ts'
import type { LiveAgents } from './agents/live-agents.ts'
import type { HbsConfig } from './config.ts'
import type { SnapshotKeeper } from './portal/snapshot-keeper.ts'
import type { Snapshot } from './portal/snapshot.ts'

/** What the HTTP port shows and does. */
export interface HttpFaces {
  /** The configuration in force. */
  config(): HbsConfig
  trust(): Trust
  readonly agents: LiveAgents
  readonly keeper: SnapshotKeeper
  rows(): CounterRow[]
  /** Unix milliseconds. */
  now(): number
  /** Reads the configuration file again. Rejects, changing nothing, when it is bad. */
  reload(): Promise<Reload>
}

/** Routes of port 6031: those of Open-Falcon's hbs with their texts, and `/snapshot`. */
export function hbsRoutes(faces: HttpFaces): Routes {
  return (app, trusted) => {
    const { keeper, agents } = faces
    /** Answers with what the tables give; 503 with the reason while there is none. */
    const shows =
      (view: (snapshot: Snapshot, request: FastifyRequest) => unknown) =>
      (request: FastifyRequest, reply: FastifyReply) => {
        try {
          return sendData(reply, view(keeper.current(), request))
        } catch (error) {
          if (!(error instanceof RpcRefusal)) throw error
          return sendText(reply.code(503), `${error.message}\n`)
        }
      }

    app.get('/health', (_request, reply) => sendText(reply, 'ok'))
    app.get('/version', (_request, reply) => sendText(reply, version))
    app.get('/workdir', (_request, reply) => sendData(reply, projectRoot))
    app.get('/config', trusted, (_request, reply) => sendData(reply, withoutSecrets(faces.config())))
    app.post('/config/reload', trusted, (_request, reply) => reloads(reply, (changes) => changes))
    app.get('/config/reload', (request, reply) => {
      if (!mayReload(request, faces.trust())) return sendText(reply, 'no privilege')
      return reloads(reply, () => withoutSecrets(faces.config()))
    })
    const reloads = async (reply: FastifyReply, view: (changes: Reload) => unknown) => {
      try {
        return sendData(reply, view(await faces.reload()))
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        return sendText(reply.code(400), `${error.message}\n`)
      }
    }
    for (const url of ['/counter/all', '/statistics/all'])
      app.get(url, (_request, reply) => sendData(reply, faces.rows()))

    app.get('/agents', (_request, reply) => sendData(reply, agents.hostnames()))
    app.get('/agents/status', (request, reply) => {
      const wanted = new URLSearchParams(request.url.split('?')[1] ?? '')
      return sendData(reply, agentViews(agents.all(), wanted, faces.now()))
    })
    app.get('/agents/duplicates', (_request, reply) => {
      const views = agentViews(agents.all(), new URLSearchParams(), faces.now())
      const shared = views.filter(({ duplicates }) => duplicates.length > 0)
      return sendData(
        reply,
        shared.map(({ hostname, duplicates }) => ({ hostname, addresses: duplicates })),
      )
    })
    // A host's name may hold a slash.
    app.get('/agents/*', (request, reply) => {
      const hostname = (request.params as { '*': string })['*']
      const agent = agents.find(hostname)
      if (!agent) return sendText(reply.code(404), `no agent has reported as ${hostname} in the last 24 hours\n`)
      return sendData(reply, agentDetails(agent, faces.now()))
    })
    app.get(
      '/expressions',
      shows(({ expressions }) => expressions ?? null),
    )
    app.get(
      '/templates',
      shows(({ templates }) => byId([...templates.values()])),
    )
    app.get(
      '/strategies',
      shows(({ strategies }) => byId(strategies)),
    )
    app.get(
      '/hosts',
      shows(({ monitoredHosts }) => byId(monitoredHosts, ({ id, hostname }) => ({ Id: id, Name: hostname }))),
    )
    // A host's name may hold a slash.
    app.get(
      '/plugins/*',
      shows(({ pluginsOf }, request) => pluginsOf((request.params as { '*': string })['*'])),
    )
    app.get('/snapshot', (_request, reply) => sendData(reply, snapshotReport(keeper)))
    app.all('/*', (_request, reply) =>
      sendText(reply.code(404).header('X-Content-Type-Options', 'nosniff'), '404 page not found\n'),
    )
  }
}

/**
 * Falcon: other addresses of this machine than 127.0.0.1 may not reload, and are told so with status 200. Those that the
 * configuration trusts may, which the original does not know.
 */
function mayReload(request: FastifyRequest, trust: Trust): boolean {
  const address = request.socket.remoteAddress
  const asked = { address, headers: request.headers }
  if (!isLoopback(address)) return mayChange(asked, trust)
  const plain = address?.replace(/^::ffff:/, '') ?? ''
  return ['127.0.0.1', '::1', ...trust.addresses].includes(plain) || mayChange({ ...asked, address: undefined }, trust)
}

/** What is in service, how old it is, and which rows need a look. */
function snapshotReport(keeper: SnapshotKeeper): object {
  const status = keeper.status()
  if (status.readAt === 0) return status
  const { hosts, monitoredHosts, hostStrategies, strategies, templates, expressions, problems, shared } =
    keeper.current()
  return {
    ...status,
    hosts,
    monitoredHosts: monitoredHosts.length,
    hostsWithStrategies: hostStrategies.length,
    strategies: strategies.length,
    templates: templates.size,
    expressions: expressions?.length ?? 0,
    problems,
    shared,
  }
}

/** A Map is written in the order of its keys' bytes, as Go does with these. */
function byId<T extends { readonly id: number }>(
  list: readonly T[],
  view: (item: T) => unknown = (item) => item,
): Map<string, unknown> {
  return new Map(list.map((item) => [String(item.id), view(item)]))
}
