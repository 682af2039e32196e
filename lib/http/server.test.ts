import { connect } from 'node:net'
import { onTestFinished, expect, test } from 'vitest'
import { createLogger } from '#lib/log'
import { sendData, startHttp } from './index.ts'
import type { Routes } from './index.ts'

const log = createLogger('test', { destination: { write: () => undefined } })

async function serve(
  routes: Routes,
  bodyLimit = 1000,
): Promise<(path: string, init?: RequestInit) => Promise<Response>> {
  const trust = () => ({ addresses: [], token: 'key' })
  const server = await startHttp({ listen: '127.0.0.1:0', trust, bodyLimit, log }, routes)
  onTestFinished(() => server.close())
  return (path, init) => fetch(`http://127.0.0.1:${server.port}${path}`, init)
}

test('a body reaches its route as bytes whatever its type, and one over the limit is refused', async () => {
  const ask = await serve((app) => app.post('/echo', (request, reply) => reply.send(request.body)))
  for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded'])
    expect(await (await ask('/echo', { method: 'POST', body: '{"a"', headers: { 'content-type': type } })).text()).toBe(
      '{"a"',
    )
  expect((await ask('/echo', { method: 'POST', body: 'x'.repeat(1001) })).status).toBe(413)
})

test('an unknown route is named, a failing one keeps its reason to the log', async () => {
  const ask = await serve((app) =>
    app.get('/fails', () => {
      throw new Error('the secret reason')
    }),
  )
  expect(await (await ask('/nowhere')).json()).toEqual({ error: 'no route GET /nowhere' })
  const failed = await ask('/fails')
  expect([failed.status, await failed.text()]).toEqual([500, '{"error":"internal error, see the log of this module"}'])
})

test('data is wrapped and written as Go writes it', async () => {
  const ask = await serve((app) => app.get('/data', (_request, reply) => sendData(reply, { operator: '>=' })))
  const answer = await ask('/data')
  expect(answer.headers.get('content-type')).toBe('application/json; charset=UTF-8')
  expect(await answer.text()).toBe(String.raw`{"msg":"success","data":{"operator":"\u003e="}}`)
})

test('a port that is taken is named', async () => {
  const options = { trust: () => ({ addresses: [] }), log }
  const first = await startHttp({ ...options, listen: '127.0.0.1:0' }, () => undefined)
  onTestFinished(() => first.close())
  const listen = `127.0.0.1:${first.port}`
  await expect(startHttp({ ...options, listen }, () => undefined)).rejects.toThrow(`Cannot listen on ${listen}`)
})

test('closing does not wait for a client that keeps its connection', async () => {
  const server = await startHttp({ listen: '127.0.0.1:0', trust: () => ({ addresses: [] }), log }, () => undefined)
  const socket = connect(server.port, '127.0.0.1')
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.on('error', () => undefined)
  await new Promise((resolve) => socket.once('connect', resolve))
  await server.close()
  await closed
})
