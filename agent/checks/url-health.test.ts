import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkContract } from './check.contract.ts'
import { runCheck, runChecks } from './fixture-run.ts'
import { urlHealth } from './url-health.ts'

const requests: string[] = []
let server: Server
let base: string
beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    if (request.url === '/slow') return
    const status = { '/moved': 302, '/missing': 404, '/created': 201 }[(request.url ?? '').replace(/\?\d+$/, '')] ?? 200
    const right = request.url !== '/private' || request.headers.authorization === `Basic ${btoa('me:secret')}`
    response.writeHead(right ? status : 401, { location: '/' }).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const health = (url: string, timeout = 5) => runCheck(urlHealth, `url=${url},timeout=${timeout}`)

test('an answer of 200 to a HEAD request is health', async () => {
  requests.length = 0
  expect(await health(`${base}/good`)).toBe(1)
  expect(requests).toEqual(['HEAD /good'])
})

test.each(['/moved', '/missing', '/created'])(
  'any other answer is none, and redirects are not followed: %s',
  async (path) => {
    requests.length = 0
    expect(await health(base + path)).toBe(0)
    expect(requests).toEqual([`HEAD ${path}`])
  },
)

test('a URL may have a query with equals signs and commas', async () => {
  requests.length = 0
  expect(await health(`${base}/x?a=b,c=d,timeout=9&e=1`)).toBe(1)
  expect(requests).toEqual(['HEAD /x?a=b,c=d,timeout=9&e=1'])
})

test('name and password in the URL are sent', async () => {
  expect(await health(`${base.replace('//', '//me:secret@')}/private`)).toBe(1)
  expect(await health(`${base}/private`)).toBe(0)
})

test('without a scheme it is http', async () => {
  expect(await health(base.replace('http://', ''))).toBe(1)
})

test('a host may be a name, of which each address is tried', async () => {
  expect(await health(base.replace('127.0.0.1', 'localhost'))).toBe(1)
})

test('no answer in time is no health', async () => {
  expect(await health(`${base}/slow`, 1)).toBe(0)
})

test('nobody there, and somebody who speaks another language, are no health', async () => {
  const odd = createTcpServer((socket) => socket.resume().end('SSH-2.0-OpenSSH_9.2\r\n')).listen(0, '127.0.0.1')
  await once(odd, 'listening')
  const { port } = odd.address() as AddressInfo
  expect(await health(`http://127.0.0.1:${port}/`)).toBe(0)
  expect(await health(`https://127.0.0.1:${port}/`)).toBe(0)
  odd.close()
  await once(odd, 'close')
  expect(await health(`http://127.0.0.1:${port}/`)).toBe(0)
})

test('many are asked side by side, each gets its own answer', async () => {
  const paths = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? `/good?${i}` : `/missing?${i}`))
  const outcomes = await runChecks(
    urlHealth,
    paths.map((path) => `url=${base}${path},timeout=5`),
  )
  expect(outcomes.map(({ values }) => values['url.check.health'])).toEqual(paths.map((_, i) => (i % 2 === 0 ? 1 : 0)))
})

test('a reason says what went wrong, without the password', async () => {
  const outcomes = await runChecks(urlHealth, [
    `url=${base}/good,timeout=5`,
    `url=${base.replace('//', '//me:wrong@')}/private,timeout=5`,
    `url=${base.replace('//', '//me:wrong@')}/slow,timeout=1`,
    'url=me:wrong@127.0.0.1:1,timeout=1',
  ])
  expect(outcomes.map(({ reason }) => reason)).toEqual([
    undefined,
    'answered 401',
    'no answer in 1 s',
    'connect ECONNREFUSED 127.0.0.1:1',
  ])
})

checkContract(
  urlHealth,
  ['url=http://127.0.0.1:1/health,timeout=3', 'url=127.0.0.1:1,timeout=1', 'url=http://[::1]:1/?a=b,c=d,timeout=600'],
  [
    'url=http://a/',
    'timeout=3,url=http://a/',
    'url=,timeout=3',
    'url=http://a/,timeout=0',
    'url=http://a/,timeout=1.5',
    'url=http://a/,timeout=-1',
    'url=ftp://a/,timeout=3',
    'url=http://,timeout=3',
  ],
)
