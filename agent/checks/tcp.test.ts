import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createNames } from '../host/names.ts'
import { checkContract } from './check.contract.ts'
import { runChecks } from './fixture-run.ts'
import { tcp } from './tcp.ts'

let server: Server
let port: number
beforeAll(async () => {
  server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.write('220 mail.example ')
    setImmediate(() => socket.write('ESMTP ready\r\n'))
    socket.on('data', (line) => {
      if (line.toString() === 'QUIT, now\r\n') socket.end('221 bye\r\n')
      if (line.toString() === 'FLOOD\r\n') socket.write('x'.repeat(100_000))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
afterAll(() => void server.close())

const ask = async (tags: string) => (await runChecks(tcp, [`host=127.0.0.1,port=${port}${tags}`]))[0]
const took = expect.any(Number) as number

test('a connection is 1 and has a latency', async () => {
  expect(await ask('')).toEqual({ values: { 'tcp.connect': 1, 'tcp.latency': took }, durationMs: took })
})

test('a greeting may be expected, as a text or an expression, and may come in pieces', async () => {
  expect(await ask(',expect=ESMTP')).toMatchObject({ values: { 'tcp.connect': 1 } })
  expect(await ask(',expect=^220 .* ready')).toMatchObject({ values: { 'tcp.connect': 1 } })
})

test('a line may be sent; what tags cannot carry is written as in URLs', async () => {
  expect(await ask(',send=QUIT%2C%20now,expect=221')).toMatchObject({ values: { 'tcp.connect': 1 } })
})

test.each([
  [
    'no answer that fits in time',
    ',timeout=1,expect=^SSH',
    'timed out, not as expected: "220 mail.example ESMTP ready\\r\\n"',
  ],
  ['a peer that hangs up', ',send=QUIT%2C%20now,expect=^SSH', 'the peer hung up, not as expected: "220 mail.'],
  ['a peer that does not stop', ',send=FLOOD,expect=^SSH', 'too much came, not as expected: "220 mail.'],
])('%s is 0', async (_, tags, reason) => {
  const outcome = await ask(tags)
  expect(outcome?.values).toEqual({ 'tcp.connect': 0 })
  expect(outcome?.reason).toContain(reason)
})

test('nobody there, at no address of the name, is 0', async () => {
  const [outcome, other] = await runChecks(tcp, ['host=localhost,port=1', 'host=127.0.0.1,port=1'])
  expect(outcome?.values).toEqual({ 'tcp.connect': 0 })
  expect(outcome?.reason).toContain('connect ECONNREFUSED 127.0.0.1:1; connect ')
  expect(other).toMatchObject({ values: { 'tcp.connect': 0 }, reason: 'connect ECONNREFUSED 127.0.0.1:1' })
})

test('a name that is not resolved is 0, and holds up nobody', async () => {
  const names = createNames({ hostsFile: '/absent', servers: ['127.0.0.1:1'] })
  const checks = ['host=absent.example,port=22', `host=127.0.0.1,port=${port}`]
  const [lost, found] = await runChecks(tcp, checks, { names })
  expect(lost?.reason).toContain('Cannot resolve absent.example: no')
  expect(found?.values['tcp.connect']).toBe(1)
})

checkContract(
  tcp,
  ['host=127.0.0.1,port=1', 'host=::1,port=1,timeout=1', 'port=2,host=localhost,expect=a,b=c,send=x=y,ip=4'],
  [
    'host=a',
    'port=1',
    'host=a,port=0',
    'host=a,port=65536',
    'host=a,port=1,timeout=31',
    'host=a,port=1,expect=(',
    'host=a,port=1,expect=a(?=b)',
  ],
)
