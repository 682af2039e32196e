import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createNames } from '../host/names.ts'
import { checkContract } from './check.contract.ts'
import type { Outcome } from './check.ts'
import { certificateKey, expiredCertificate, lastingCertificate } from './fixture-certificates.ts'
import { runChecks } from './fixture-run.ts'
import { http } from './http.ts'

interface Seen {
  readonly line: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}
const seen: Seen[] = []
const servers: Server[] = []

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  seen.push({ line: `${request.method} ${request.url}`, headers: request.headers, body: await text(request) })
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://a')
  if (pathname === '/slow') return
  if (pathname === '/to')
    response.writeHead(Number(searchParams.get('status')), { location: searchParams.get('url') ?? '' })
  if (pathname === '/missing') response.writeHead(404)
  if (pathname === '/gbk') response.writeHead(200, { 'content-type': 'text/plain; charset=GBK' })
  if (pathname === '/endless') return void response.write('needle'.padEnd(3 * 2 ** 20))
  response.end(pathname === '/gbk' ? Buffer.from([0xd6, 0xd0, 0xce, 0xc4]) : 'shop open, 3 = three')
}

async function serve(certificate?: string): Promise<string> {
  const listener = (request: IncomingMessage, response: ServerResponse) => void answer(request, response)
  const server =
    certificate === undefined
      ? createServer(listener)
      : createSecureServer({ key: certificateKey, cert: certificate }, listener)
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http${certificate === undefined ? '' : 's'}://127.0.0.1:${(server.address() as AddressInfo).port}`
}

let base: string
let other: string
let secure: string
let expired: string
beforeAll(async () => {
  base = await serve()
  other = await serve()
  secure = await serve(lastingCertificate)
  expired = await serve(expiredCertificate)
})
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})
beforeEach(() => void seen.splice(0))

async function check(tags: string, options: Record<string, string> = {}): Promise<Outcome> {
  const [outcome] = await runChecks(http, [tags], { options })
  return outcome ?? expect.fail('no outcome')
}

const took = expect.any(Number) as number

test('an answer of 2xx is good; its status and latency are values', async () => {
  expect(await check(`url=${base}/a?b=c,d=e&f=1`)).toEqual({
    values: { 'http.ok': 1, 'http.status': 200, 'http.latency': took },
    durationMs: took,
  })
  expect(seen.map(({ line }) => line)).toEqual(['GET /a?b=c,d=e&f=1'])
  expect(seen[0]?.headers).toMatchObject({ host: base.slice('http://'.length), 'user-agent': 'falcon-agent' })
})

test('other statuses are good only where they are expected', async () => {
  expect(await check(`url=${base}/missing`)).toMatchObject({
    values: { 'http.ok': 0, 'http.status': 404, 'http.latency': took },
    reason: 'answered 404, not 2xx',
  })
  expect(await check(`url=${base}/missing,status=200|404`)).toMatchObject({
    values: { 'http.ok': 1, 'http.status': 404 },
  })
})

test('method, headers and body are sent, from tags or from the configuration', async () => {
  await check(`url=${base}/,method=PUT,headers=x-a: 1%0AAccept: text/plain,body=a%2Cb%3D%C3%A9`)
  await check(`url=${base}/`, { body: '{"a": 1, "b": "50%"}', headers: 'Authorization: Bearer secret' })
  await check(`url=${base}/,method=HEAD,text=`)
  expect(seen).toMatchObject([
    { line: 'PUT /', headers: { 'x-a': '1', accept: 'text/plain', 'content-length': '6' }, body: 'a,b=é' },
    { line: 'POST /', headers: { authorization: 'Bearer secret' }, body: '{"a": 1, "b": "50%"}' },
    { line: 'HEAD /', body: '' },
  ])
})

test('a body may have to hold a text or match an expression, in its own character set', async () => {
  expect(await check(`url=${base}/,text=open%2C%203`)).toMatchObject({ values: { 'http.ok': 1 } })
  expect(await check(`url=${base}/,match=^shop (open|closed)`)).toMatchObject({ values: { 'http.ok': 1 } })
  expect(await check(`url=${base}/gbk,text=%E4%B8%AD%E6%96%87`)).toMatchObject({ values: { 'http.ok': 1 } })
  expect((await check(`url=${base}/,text=closed`)).reason).toBe('the body does not hold "closed"')
  expect((await check(`url=${base}/,match=^open`)).reason).toBe('the body does not match "^open"')
})

test('of a body that does not end a megabyte is read', async () => {
  expect(await check(`url=${base}/endless,text=needle`)).toMatchObject({ values: { 'http.ok': 1 } })
})

test('redirects are followed as far as is allowed, as browsers do', async () => {
  const to = (status: number, path: string) => `/to?status=${status}&url=${encodeURIComponent(path)}`
  expect(await check(`url=${base}${to(302, '/')}`)).toMatchObject({ values: { 'http.ok': 0, 'http.status': 302 } })
  const twice = `${base}${to(301, to(307, '/end'))}`
  expect(await check(`url=${twice},redirects=1`)).toMatchObject({ values: { 'http.ok': 0, 'http.status': 307 } })
  expect(await check(`url=${twice},redirects=2`)).toMatchObject({ values: { 'http.ok': 1, 'http.status': 200 } })
  seen.splice(0)
  await check(`url=${base}${to(303, '/end')},redirects=5,body=x`)
  await check(`url=${base}${to(308, '/end')},redirects=5,body=x`)
  expect(seen.map(({ line, body }) => `${line.split('?')[0]} ${body}`)).toEqual([
    'POST /to x',
    'GET /end ',
    'POST /to x',
    'POST /end x',
  ])
  expect((await check(`url=${base}${to(302, 'ftp://a/')},redirects=1`)).reason).toBe(
    'redirected to ftp:, which is not followed',
  )
})

test('what is secret is not carried to another server by a redirect', async () => {
  const url = `${base.replace('//', '//me:secret@')}/to?status=302&url=`
  await check(`url=${url}/same,redirects=1,headers=x-key: k`)
  await check(`url=${url}${encodeURIComponent(`${other}/other`)},redirects=1,headers=x-key: k`)
  expect(seen.map(({ headers }) => [headers.authorization, headers['x-key']])).toEqual([
    [`Basic ${btoa('me:secret')}`, 'k'],
    [`Basic ${btoa('me:secret')}`, 'k'],
    [`Basic ${btoa('me:secret')}`, 'k'],
    [undefined, undefined],
  ])
})

test('a bad certificate is no good answer, nothing is sent there, and its days are told all the same', async () => {
  const outcome = await check(`url=${secure}/,headers=authorization: secret`)
  expect(outcome).toMatchObject({ values: { 'http.ok': 0, 'http.status': 0 } })
  expect(outcome.reason).toBe('the certificate is not good: it is signed by itself')
  expect(outcome.values['http.cert.days']).toBeGreaterThan(1000)
  const old = await check(`url=${expired}/`)
  expect(old.reason).toBe('the certificate is not good: it has run out')
  expect(old.values['http.cert.days']).toBeLessThan(-365)
  expect(seen).toEqual([])
})

test('with insecure any certificate will do', async () => {
  const { values } = await check(`url=${expired}/,insecure=true`)
  expect(values).toMatchObject({ 'http.ok': 1, 'http.status': 200, 'http.latency': took })
  expect(values['http.cert.days']).toBeLessThan(-365)
})

test('no answer in time, nobody there and somebody who speaks another language are no good', async () => {
  const odd = createTcpServer((socket) => {
    socket.on('error', () => undefined)
    socket.resume().end('SSH-2.0-OpenSSH_9.2\r\n')
  }).listen(0, '127.0.0.1')
  await once(odd, 'listening')
  const { port } = odd.address() as AddressInfo
  const bad = { 'http.ok': 0, 'http.status': 0 }
  expect(await check(`url=${base}/slow,timeout=1`)).toMatchObject({ values: bad, reason: 'no answer in 1 s' })
  expect((await check(`url=http://127.0.0.1:${port}/`)).values).toEqual(bad)
  expect((await check(`url=https://127.0.0.1:${port}/`)).values).toEqual(bad)
  odd.close()
  await once(odd, 'close')
  expect(await check(`url=http://me:secret@127.0.0.1:${port}/`)).toMatchObject({
    values: bad,
    reason: `connect ECONNREFUSED 127.0.0.1:${port}`,
  })
})

test('a host may be a name; one that is not known is no good', async () => {
  const url = base.replace('127.0.0.1', 'localhost')
  expect(await check(`url=${url}/`)).toMatchObject({ values: { 'http.ok': 1 } })
  expect(await check(`url=${url}/,ip=6`)).toMatchObject({ values: { 'http.ok': 0 } })
  const names = createNames({ hostsFile: '/absent', servers: ['127.0.0.1:1'] })
  const [outcome] = await runChecks(http, ['url=http://absent.example/'], { names })
  expect(outcome).toMatchObject({ values: { 'http.ok': 0, 'http.status': 0 } })
  expect(outcome?.reason).toContain('Cannot resolve absent.example: no')
})

test('an address of IPv6 is asked as one', async () => {
  const server = createServer((_, response) => response.end())
  servers.push(server)
  server.listen(0, '::1')
  await once(server, 'listening')
  expect(await check(`url=http://[::1]:${(server.address() as AddressInfo).port}/`)).toMatchObject({
    values: { 'http.ok': 1 },
  })
})

checkContract(
  http,
  [
    'url=http://127.0.0.1:1/?a=b,c=d',
    'url=127.0.0.1:1,name=shop',
    'status=200|3xx,url=http://[::1]:1/,timeout=30,match=a,b=c,redirects=3,insecure=true,ip=6',
  ],
  [
    'url=',
    'url=ftp://a/',
    'url=http://',
    'url=a,status=2',
    'url=a,status=200|abc',
    'url=a,timeout=31',
    'url=a,redirects=21',
    'url=a,insecure=yes',
    'url=a,method=GET POST',
    'url=a,match=(',
    'url=a,headers=novalue',
    'url=a,headers=a: b%0Dc: d',
  ],
)
