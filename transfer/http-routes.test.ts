import { fastify } from 'fastify'
import type { InjectOptions } from 'fastify'
import { expect, test } from 'vitest'
import { createCounters } from '#lib/counters'
import { mayChange } from '#lib/http'
import { transferConfig } from './config.ts'
import { transferRoutes } from './http-routes.ts'
import type { HttpFaces } from './http-routes.ts'
import { createWatches } from './watches.ts'

const push = { method: 'POST', url: '/api/push', payload: '[{"metric":"m"}]' } as const
const stranger = '192.0.2.7'

/** The routes alone, so that requests can come from addresses that this machine does not have. */
function setup(members: object = {}, faces: Partial<HttpFaces> = {}) {
  const config = transferConfig.parse(members)
  const taken: { items: number; entrance: string; peer: string }[] = []
  const malformed: { reason: string; items: number | undefined }[] = []
  const app = fastify()
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  const trust = { addresses: config.trusted, token: config.token }
  const watches = createWatches(() => undefined)
  const routes = transferRoutes({
    config: () => config,
    intake: {
      take: async (items, entrance, peer) => {
        taken.push({ items: items.length, entrance, peer })
        return { Message: 'ok', Total: items.length, Invalid: 0, Latency: 0 }
      },
      takeRouted: () => Promise.reject(new Error('not by this way')),
      refuseCall: (_call, reason, _peer, items) => malformed.push({ reason, items }),
    },
    lanes: {
      counters: async () => createCounters(),
      destinations: async () => [],
      rejected: async () => ({}),
      trace: async (...asked) => watches.trace(...asked),
      filter: async (...asked) => watches.filter(...asked),
    },
    notices: async () => ['influxdb is enabled but this version does not serve it yet'],
    reload: () => Promise.resolve({ applied: [], needsRestart: ['http.listen'] }),
    ...faces,
  })
  routes(app, {
    onRequest: async (request, reply) => {
      if (!mayChange({ address: request.ip, headers: request.headers }, trust)) await reply.code(403).send('')
    },
  })
  const ask = async (request: InjectOptions) => {
    const { statusCode, body } = await app.inject(request)
    return { status: statusCode, body }
  }
  return { ask, taken, malformed }
}

test('a stranger is turned away before the body is read', async () => {
  const { ask } = setup({ http: { maxBodyBytes: 1024 } })
  const large = { ...push, payload: `[${' '.repeat(5000)}]` }
  expect(await ask({ ...large, remoteAddress: stranger })).toMatchObject({ status: 403 })
  expect(await ask(large)).toMatchObject({ status: 413 })
})

test('only loopback, trusted addresses and the token may push', async () => {
  const { ask, taken } = setup({ trusted: ['10.0.0.7'], token: 'let-me-in' })
  expect(await ask(push)).toMatchObject({ status: 200 })
  expect(await ask({ ...push, remoteAddress: stranger })).toMatchObject({ status: 403 })
  expect(await ask({ ...push, remoteAddress: '10.0.0.7' })).toMatchObject({ status: 200 })
  const headers = { 'x-falcon-token': 'let-me-in' }
  expect(await ask({ ...push, remoteAddress: stranger, headers })).toMatchObject({ status: 200 })
  expect(taken.map(({ peer }) => peer)).toEqual(['127.0.0.1', '10.0.0.7', stranger])
})

test('anyone may push when the configuration says so', async () => {
  const { ask, taken } = setup({ http: { pushFrom: 'any' } })
  expect(await ask({ ...push, remoteAddress: stranger })).toMatchObject({ status: 200 })
  expect(taken).toEqual([{ items: 1, entrance: 'Http', peer: stranger }])
})

test('configuration and reload are for the trusted only, what they need a restart for is said', async () => {
  const { ask } = setup()
  for (const url of ['/config', '/config/reload', '/workdir'])
    expect((await ask({ url, remoteAddress: stranger })).status, url).toBe(403)
  expect(await ask({ method: 'POST', url: '/config/reload' })).toEqual({
    status: 200,
    body: '{"msg":"success","data":"ok, after a restart also: http.listen"}',
  })
})

test('health is one word for machines, and details for people who ask for them', async () => {
  const { ask } = setup()
  expect(await ask({ url: '/health' })).toEqual({ status: 200, body: 'ok\n' })
  const { body } = await ask({ url: '/health?detail' })
  expect(body).toContain('influxdb is enabled but this version does not serve it yet')
})

test('a push that cannot be read is counted with its reason, and with its items where they can be told', async () => {
  const { ask, malformed } = setup()
  expect(await ask({ ...push, payload: 'hello' })).toEqual({ status: 400, body: 'decode error\n' })
  expect(await ask({ ...push, payload: '[{"step":"60"},null]' })).toEqual({ status: 400, body: 'decode error\n' })
  expect(malformed).toEqual([
    { reason: 'not JSON', items: undefined },
    { reason: 'json: cannot unmarshal string into Go struct field MetricValue.step of type int64', items: 2 },
  ])
})

test('samples that could not be kept are answered with 503 and the reason', async () => {
  const { ask } = setup(
    {},
    {
      intake: {
        take: () => Promise.reject(new Error('Cannot keep the samples')),
        takeRouted: () => Promise.reject(new Error('not by this way')),
        refuseCall: () => undefined,
      },
    },
  )
  expect(await ask(push)).toEqual({ status: 503, body: 'Cannot keep the samples\n' })
})

test('names with a slash are given encoded; paths that lack a part are told what to give', async () => {
  const { ask } = setup()
  expect(await ask({ url: '/trace/h%2F1/m/a=1' })).toEqual({ status: 200, body: '{"msg":"success","data":[]}' })
  expect((await ask({ url: '/trace/h' })).status).toBe(400)
  expect((await ask({ url: '/filter/h/m/gt' })).status).toBe(400)
  expect((await ask({ url: '/trace/%zz/m' })).status).toBe(400)
})
