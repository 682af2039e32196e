import type { FastifyRequest } from 'fastify'
import type { CounterRow } from '#lib/counters'
import { sendData, sendJson, sendText } from '#lib/http'
import type { Routes } from '#lib/http'
import { projectRoot, version } from '#lib/module'
import type { Reload } from '#lib/module'
import type { JudgeState } from '../engine/state.ts'
import { explain } from './explain.ts'
import { historyText } from './history-text.ts'

/** What the HTTP port shows and does. */
export interface HttpFaces {
  readonly state: JudgeState
  /** The configuration in force, fit to be shown. */
  config(): unknown
  rows(): CounterRow[]
  /** What an operator should know although everything runs. */
  notices(): string[]
  /** Rules that hbs sent and judge cannot use. */
  refusedRules(): unknown
  /** Reads the configuration file again. Rejects, changing nothing, when it is bad. */
  reload(): Promise<Reload>
}

/** Routes of port 6081: those of Open-Falcon's judge with their texts, and `/explain`, `/rules/refused`. */
export function judgeRoutes(faces: HttpFaces): Routes {
  const { state } = faces
  return (app, trusted) => {
    app.get('/health', (request, reply) =>
      request.url.includes('?') ? sendData(reply, { status: 'ok', notices: faces.notices() }) : sendText(reply, 'ok'),
    )
    app.get('/version', (_request, reply) => sendText(reply, version))
    app.get('/workdir', trusted, (_request, reply) => sendData(reply, projectRoot))
    app.get('/config', trusted, (_request, reply) => sendData(reply, faces.config()))
    app.route({
      method: ['GET', 'POST'],
      url: '/config/reload',
      ...trusted,
      handler: async (_request, reply) => {
        const changes = await faces.reload()
        return sendJson(reply, { msg: 'success', data: faces.config(), ...changes })
      },
    })
    for (const url of ['/counter/all', '/statistics/all'])
      app.get(url, (_request, reply) => sendData(reply, faces.rows()))

    app.get('/strategy/*', (request, reply) =>
      sendData(reply, state.rules.strategiesAt(rest(request, '/strategy/')) ?? null),
    )
    app.get('/expression/*', (request, reply) =>
      sendData(reply, state.rules.expressionsAt(rest(request, '/expression/')) ?? null),
    )
    app.get('/count', (_request, reply) => sendText(reply, `total: ${state.registry.size}\n`))
    app.get('/history/*', (request, reply) => {
      const series = state.registry.find(rest(request, '/history/'))
      return sendText(reply, series && series.history.count > 0 ? historyText(series) : 'not found\n')
    })
    app.get('/explain/*', (request, reply) => sendData(reply, explain(state, rest(request, '/explain/'))))
    app.get('/rules/refused', (_request, reply) => sendData(reply, faces.refusedRules()))
  }
}

/** The path after its prefix, decoded; names may hold slashes. */
function rest(request: FastifyRequest, prefix: string): string {
  const path = (request.url.split('?', 1)[0] ?? '').slice(prefix.length)
  try {
    return decodeURIComponent(path)
  } catch {
    return path // Not an encoding: then the text itself is the name.
  }
}
