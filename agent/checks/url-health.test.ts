import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLinuxHost } from '../host/linux.ts'
import { checkContract } from './check.contract.ts'
import { urlHealth } from './url-health.ts'

const requests: string[] = []
let server: Server
let base: string
beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    if (request.url === '/slow') return
    const status = { '/moved': 302, '/missing': 404, '/created': 201 }[request.url ?? ''] ?? 200
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

async function health(url: string, timeout = 5): Promise<number | undefined> {
  const check = urlHealth.read(`url=${url},timeout=${timeout}`)
  if (!check.ok) expect.fail(check.reason)
  const [sample] = await urlHealth.run([check.value], { host: createLinuxHost({ root: '/' }), hostname: 'h' })
  return sample?.value
}

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

test('the tags are those of the strategy and the name of this host', async () => {
  const check = urlHealth.read('url=http://127.0.0.1:1/,timeout=3')
  if (!check.ok) expect.fail(check.reason)
  const [sample] = await urlHealth.run([check.value], { host: createLinuxHost({ root: '/' }), hostname: 'web-01' })
  expect(sample?.tags).toBe('src=web-01,timeout=3,url=http://127.0.0.1:1/')
})

test('many are asked side by side, each gets its own answer', async () => {
  const paths = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? '/good' : '/missing'))
  const checks = paths.map((path) => urlHealth.read(`url=${base}${path},timeout=5`))
  const samples = await urlHealth.run(
    checks.map((check) => (check.ok ? check.value : expect.fail(check.reason))),
    { host: createLinuxHost({ root: '/' }), hostname: 'h' },
  )
  expect(samples.map((sample) => sample.value)).toEqual(paths.map((path) => (path === '/good' ? 1 : 0)))
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
