import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { createLogger } from '#lib/log'
import { createRpcClient } from './client.ts'
import type { RpcClient, RpcClientOptions } from './client.ts'
import { RpcError } from './errors.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean()
})

interface Call {
  readonly id: number
  readonly method: string
  readonly params: unknown[]
  answer(text: string): void
}

interface FakeService {
  readonly address: string
  readonly calls: Call[]
  readonly sockets: Socket[]
  stop(): Promise<void>
}

/** A peer in the manner of Go's: keeps the calls it gets, and answers the ones it is told to. */
async function startService(answer?: (call: Call) => void, port = 0): Promise<FakeService> {
  const calls: Call[] = []
  const sockets: Socket[] = []
  const server: Server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => socket.destroy())
    let rest = ''
    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString()).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const call = { ...(JSON.parse(line) as Call), answer: (text: string) => void socket.write(text) }
        calls.push(call)
        answer?.(call)
      }
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const stop = async () => {
    for (const socket of sockets) socket.destroy()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  cleanups.push(stop)
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, calls, sockets, stop }
}

const echo = (call: Call) => call.answer(`{"id":${call.id},"result":${JSON.stringify(call.params[0])},"error":null}\n`)

function clientOf(addresses: string[], options: Partial<RpcClientOptions> = {}): RpcClient {
  const log = createLogger('test')
  const client = createRpcClient({
    addresses,
    connectTimeoutMs: 2000,
    callTimeoutMs: 2000,
    log,
    random: () => 0,
    ...options,
  })
  cleanups.push(() => client.close())
  return client
}

const kindOf = (call: Promise<unknown>) =>
  call.then(
    () => 'none',
    (error: unknown) => (error instanceof RpcError ? error.kind : error),
  )

test('calls go over one connection, with ids from 0, and are matched by id in whatever order the answers come', async () => {
  const service = await startService()
  const client = clientOf([service.address])
  const results = Promise.all([client.call('A.b', { n: '<1>' }), client.call('A.c', null)])
  await vi.waitFor(() => expect(service.calls).toHaveLength(2))
  expect(service.calls).toMatchObject([
    { id: 0, method: 'A.b', params: [{ n: '<1>' }] },
    { id: 1, method: 'A.c', params: [null] },
  ])
  service.calls[1]?.answer('{"id":1,"result":"second","error":null}')
  service.calls[0]?.answer('{"id":0,"result":["fir')
  service.calls[0]?.answer('st"],"error":null}\n')
  expect(await results).toEqual([['first'], 'second'])
  expect(client.peer).toBe(service.address)
  expect(service.sockets).toHaveLength(1)
})

test('an error answer rejects its call only; the connection stays', async () => {
  const service = await startService((call) => {
    if (call.method === 'A.bad') call.answer(`{"id":${call.id},"result":null,"error":"no such thing"}\n`)
    else echo(call)
  })
  const client = clientOf([service.address])
  await expect(client.call('A.bad', 1)).rejects.toThrow('no such thing')
  expect(await kindOf(client.call('A.bad', 1))).toBe('answer')
  expect(await client.call('A.good', 1)).toBe(1)
  expect(service.sockets).toHaveLength(1)
})

test('a call without an answer times out and takes the connection with it; the next call makes a new one', async () => {
  const service = await startService((call) => call.method === 'A.echo' && echo(call))
  const client = clientOf([service.address], { callTimeoutMs: 60 })
  const silent = kindOf(client.call('A.silent', 1))
  await vi.waitFor(() => expect(service.calls).toHaveLength(1))
  expect(await silent).toBe('timeout')
  expect(await client.call('A.echo', 2)).toBe(2)
  expect(service.sockets).toHaveLength(2)
})

test('it begins at a random address, passes over dead ones, stays with the one that works, and moves on when it dies', async () => {
  const [first, second, dead] = [await startService(echo), await startService(echo), await startService()]
  await dead.stop()
  const client = clientOf([first.address, dead.address, second.address], { random: () => 0.5 })
  for (let n = 0; n < 3; n++) expect(await client.call('A.b', n)).toBe(n)
  expect(client.peer).toBe(second.address)
  expect(second.sockets).toHaveLength(1)
  await second.stop()
  await vi.waitFor(() => expect(client.peer).toBeUndefined())
  expect(await client.call('A.b', 'x')).toBe('x')
  expect(client.peer).toBe(first.address)
})

test('a service that comes back on its port is found again', async () => {
  const service = await startService(echo)
  const client = clientOf([service.address])
  expect(await client.call('A.b', 1)).toBe(1)
  await service.stop()
  await vi.waitFor(() => expect(client.peer).toBeUndefined())
  expect(await kindOf(client.call('A.b', 2))).toBe('connect')
  const again = await startService(echo, Number(service.address.split(':')[1]))
  await vi.waitFor(async () => expect(await client.call('A.b', 3)).toBe(3), { timeout: 5000 })
  expect(again.sockets).toHaveLength(1)
})

test('while no address can be reached, calls fail at once for pauses that double', async () => {
  const service = await startService()
  await service.stop()
  const client = clientOf([service.address])
  vi.useFakeTimers({ toFake: ['performance'] })
  cleanups.push(() => vi.useRealTimers())
  await expect(client.call('A.b', 1)).rejects.toThrow(`Cannot connect to ${service.address}: `)
  await expect(client.call('A.b', 1)).rejects.toThrow('next attempt in 150 ms')
  vi.advanceTimersByTime(151)
  await expect(client.call('A.b', 1)).rejects.toThrow(/ECONNREFUSED[^;]*$/)
  await expect(client.call('A.b', 1)).rejects.toThrow('next attempt in 300 ms')
})

test('a peer that sends something else, or leaves, fails the calls that wait', async () => {
  const service = await startService((call) => call.answer(call.method === 'A.junk' ? 'HTTP/1.1 400\r\n' : ''))
  const client = clientOf([service.address])
  expect(await kindOf(client.call('A.junk', 1))).toBe('closed')
  const waiting = kindOf(client.call('A.wait', 1))
  await vi.waitFor(() => expect(service.calls).toHaveLength(2))
  service.sockets[1]?.end()
  expect(await waiting).toBe('closed')
})

test('closing the client fails the calls that wait, and later ones', async () => {
  const service = await startService()
  const client = clientOf([service.address])
  const waiting = kindOf(client.call('A.b', 1))
  await vi.waitFor(() => expect(service.calls).toHaveLength(1))
  await client.close()
  expect(await waiting).toBe('closed')
  expect(await kindOf(client.call('A.b', 2))).toBe('closed')
})

test('a client closed while it connects gives up the connection', async () => {
  const service = await startService(echo)
  const client = clientOf([service.address])
  const call = kindOf(client.call('A.b', 1))
  await client.close()
  expect(await call).toBe('closed')
  expect(service.calls).toHaveLength(0)
})

test('an address that is none is refused when the client is made', () => {
  expect(() => clientOf(['transfer'])).toThrow('Cannot call "transfer": it is not host:port')
  expect(() => clientOf([])).toThrow('it has no addresses')
})
