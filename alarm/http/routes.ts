import type { FastifyReply, FastifyRequest } from 'fastify'
import type { CounterRow } from '#lib/counters'
import { ConfigError } from '#lib/config'
import { sendData, sendText } from '#lib/http'
import type { Routes } from '#lib/http'
import { projectRoot, version } from '#lib/module'
import type { Reload } from '#lib/module'
import type { Channel } from '../channels.ts'
import type { Delivery } from '../delivery/delivery.ts'
import type { LedgerQueries } from '../ledger/queries.ts'
import { newMessageId } from '../ledger/new-rows.ts'
import { readNoticeFilter, readWords } from './requests.ts'

/** What the HTTP port shows and does. */
export interface HttpFaces {
  readonly queries: LedgerQueries
  readonly delivery: Pick<Delivery, 'test' | 'wake'>
  readonly channels: readonly Channel[]
  /** The configuration in force, fit to be shown. */
  config(): unknown
  rows(): CounterRow[]
  /** What an operator should know although everything runs. */
  notices(): string[]
  /** Events on each list. */
  waiting(): Promise<ReadonlyMap<string, number>>
  /** Reads the configuration file again. Rejects, changing nothing, when it is bad. */
  reload(): Promise<Reload>
  readonly now: () => number
}

/** Routes of port 9912: those of Open-Falcon's alarm, and the delivery ledger. What tells names and addresses is for operators only. */
export function alarmRoutes(faces: HttpFaces): Routes {
  const { queries, delivery, now } = faces
  return (app, trusted) => {
    app.get('/health', (request, reply) =>
      request.url.includes('?') ? sendData(reply, { status: 'ok', notices: faces.notices() }) : sendText(reply, 'ok'),
    )
    app.get('/version', (_request, reply) => sendText(reply, version))
    app.get('/workdir', trusted, (_request, reply) => sendText(reply, projectRoot))
    app.get('/config', trusted, (_request, reply) => sendData(reply, faces.config()))
    app.route({
      method: ['GET', 'POST'],
      url: '/config/reload',
      ...trusted,
      handler: async (_request, reply) => {
        try {
          return sendData(reply, await faces.reload())
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error
          return sendText(reply.code(400), `${error.message}\n`)
        }
      },
    })
    for (const url of ['/counter/all', '/statistics/all'])
      app.get(url, (_request, reply) => sendData(reply, faces.rows()))

    app.get('/queues', async (_request, reply) => sendData(reply, await faces.waiting()))
    app.get('/states', async (_request, reply) => sendData(reply, await queries.states()))
    app.get('/notices', trusted, async (request, reply) => {
      const filter = readNoticeFilter(request.query, now())
      return filter.ok ? sendData(reply, await queries.notices(filter.value)) : refuse(reply, filter.reason)
    })
    app.get('/messages', trusted, async (request, reply) => {
      const { state = 'dead', channel, limit } = readWords(request.query)
      return sendData(reply, await queries.messages({ state, channel, limit: limitOf(limit) }))
    })
    app.get('/messages/:id', trusted, async (request, reply) => {
      const message = await queries.message(parameter(request, 'id'))
      return message ? sendData(reply, message) : refuse(reply, 'no such message is kept', 404)
    })
    app.post('/messages/:id/resend', trusted, async (request, reply) => resend(reply, { id: parameter(request, 'id') }))
    app.post('/messages/resend', trusted, async (request, reply) =>
      resend(reply, { channel: readWords(request.query).channel }),
    )
    app.get('/events/dead', trusted, async (request, reply) =>
      sendData(reply, await queries.deadEvents(limitOf(readWords(request.query).limit))),
    )
    app.get('/senders', trusted, (_request, reply) =>
      sendData(
        reply,
        faces.channels.map(({ name, provider, address }) => ({ name, type: provider.type, address })),
      ),
    )
    app.post('/senders/:name/test', trusted, async (request, reply) => test(request, reply))
    app.get('/portal/links/:path', async (request, reply) => {
      const text = await queries.link(parameter(request, 'path'))
      return text === undefined
        ? refuse(reply, 'no such link', 404)
        : sendText(reply, `${text.replaceAll(',,', '\n')}\n`)
    })

    async function resend(reply: FastifyReply, which: { id?: string; channel?: string | undefined }) {
      const channels = await queries.resend(which)
      delivery.wake(channels)
      return sendData(reply, { resent: channels.length })
    }

    async function test(request: FastifyRequest, reply: FastifyReply) {
      const name = parameter(request, 'name')
      const to = readWords(request.query).to ?? ''
      const channel = faces.channels.find((one) => one.name === name)
      if (!channel) return refuse(reply, `no channel is called ${name}`, 404)
      if (channel.address !== 'room' && to === '') return refuse(reply, '?to= must name who gets the test')
      const subject = `[TEST] channel ${name} of alarm`
      const content = `${subject}\r\nThis is a test; nothing is wrong.\r\n`
      const message = {
        id: newMessageId(now()),
        receivers: to === '' ? [] : to.split(','),
        subject,
        content,
        events: [],
      }
      return sendData(reply, await delivery.test(name, message))
    }
  }
}

function refuse(reply: FastifyReply, error: string, status = 400): FastifyReply {
  return reply.code(status).send({ error })
}

function parameter(request: FastifyRequest, name: string): string {
  return (request.params as Record<string, string>)[name] ?? ''
}

function limitOf(text: string | undefined): number {
  const limit = Number(text ?? 100)
  return Number.isInteger(limit) && limit > 0 ? Math.min(limit, 1000) : 100
}
