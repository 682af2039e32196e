import { connect } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLogger } from '#lib/log'
import { isAllowed } from './access.ts'
import { data, text } from './answer.ts'
import { startAgentServer } from './server.ts'
import type { AgentServer } from './server.ts'
import { sniffContentType } from './sniff.ts'

let server: AgentServer
beforeEach(async () => {
  server = await startAgentServer({
    listen: '127.0.0.1:0',
    log: createLogger('agent', { destination: { write: () => undefined } }),
    routes: {
      '/health': () => text('ok'),
      '/echo': async (request) => {
        const body = await request.body(1000)
        return body ? data(body.toString()) : text('too long', 413)
      },
      '/broken': () => {
        throw new Error('secret reason')
      },
    },
  })
})
afterEach(() => server.close())

const at = (path: string) => `http://127.0.0.1:${server.port}${path}`

/** Everything that comes back for some bytes until the server ends the connection. */
function speak(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = ''
    const socket = connect(server.port, '127.0.0.1')
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => (heard += chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(heard))
    socket.write(bytes)
  })
}

test('a port that is taken is named', async () => {
  const listen = `127.0.0.1:${server.port}`
  const again = startAgentServer({ listen, log: createLogger('agent'), routes: {} })
  await expect(again).rejects.toThrow(`Cannot listen on ${listen}: `)
})

test('a connection is kept and serves one request after the other', async () => {
  const heard = await speak(
    'GET /health HTTP/1.1\r\nHost: x\r\n\r\nPOST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi' +
      'GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  )
  expect(heard.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3)
  expect(heard).toContain('{"msg":"success","data":"hi"}')
})

test('a body beyond the limit is refused, and its rest is not taken for a request', async () => {
  const answer = await fetch(at('/echo'), { method: 'POST', body: 'x'.repeat(2000) })
  expect(answer.status).toBe(413)
  const heard = await speak(
    `POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3000\r\n\r\n${'x'.repeat(1500)}GET /health HTTP/1.1\r\nHost: x\r\n\r\n`,
  )
  expect(heard.match(/HTTP\/1\.1/g)).toHaveLength(1)
})

test('a route that fails says so without its reason, and the server lives on', async () => {
  const answer = await fetch(at('/broken'))
  expect(answer.status).toBe(500)
  expect(await answer.text()).not.toContain('secret')
  expect((await fetch(at('/health'))).status).toBe(200)
})

test('names of members of every object are no routes', async () => {
  for (const path of ['/constructor', '/__proto__', '/toString']) expect((await fetch(at(path))).status, path).toBe(404)
})

test('percent signs are decoded, broken ones are refused, whole addresses are understood', async () => {
  expect((await fetch(at('/%68ealth'))).status).toBe(200)
  expect(await speak('GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toContain('400 Bad Request')
  expect(await speak('GET http://x/health?a=b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toContain(
    '\r\n\r\nok',
  )
})

test('a redirect keeps the query and cannot be made to hold markup', async () => {
  const heard = await speak('GET //health?a=%22<b> HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  expect(heard).toContain('Location: /health?a=%22<b>')
  expect(heard).not.toContain('href="/health?a=%22<b>"')
})

const trust = { addresses: ['10.0.0.7', '127.0.0.9'], token: 'let-me-in' }

test('of the loopback network only its own addresses may change things, and what is listed', () => {
  const from = (address: string, headers = {}) => isAllowed({ address, headers }, trust)
  for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1', '10.0.0.7', '::ffff:127.0.0.9'])
    expect(from(address), address).toBe(true)
  for (const address of ['127.0.0.2', '::ffff:127.0.0.2', '10.0.0.8']) expect(from(address), address).toBe(false)
  expect(from('127.0.0.2', { 'x-falcon-token': 'let-me-in' })).toBe(true)
  expect(from('127.0.0.2', { 'x-falcon-token': 'wrong' })).toBe(false)
})

test('a web page cannot use the browser of this host', () => {
  const here = (headers: Record<string, string>) => isAllowed({ address: '127.0.0.1', headers }, trust)
  expect(here({ host: '127.0.0.1:1988', origin: 'http://127.0.0.1:1988' })).toBe(true)
  expect(here({ host: '127.0.0.1:1988', origin: 'https://elsewhere.example' })).toBe(false)
  expect(here({ 'sec-fetch-site': 'cross-site' })).toBe(false)
  expect(here({ 'sec-fetch-site': 'none' })).toBe(true)
})

test('the type of an answer follows from its bytes', () => {
  const sniffed = (body: string | Buffer) => sniffContentType(Buffer.from(body))
  expect(sniffed('hi\n')).toBe('text/plain; charset=utf-8')
  expect(sniffed('')).toBe('text/plain; charset=utf-8')
  expect(sniffed('  <!DOCTYPE HTML>')).toBe('text/html; charset=utf-8')
  expect(sniffed('<b>x</b>')).toBe('text/html; charset=utf-8')
  expect(sniffed('<?xml version="1.0"?>')).toBe('text/xml; charset=utf-8')
  expect(sniffed('%PDF-1.4')).toBe('application/pdf')
  expect(sniffed(Buffer.from([0, 255]))).toBe('application/octet-stream')
})
