import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import type { RawArgument, Reading } from '#protocol'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import { RpcRefusal } from './errors.ts'
import { listenRpc } from './listen.ts'
import type { RpcServer, RpcServerOptions } from './listen.ts'
import { defineMethod } from './method.ts'

interface Context {
  readonly waiting: ((answer: string) => void)[]
}

const readAny = (raw: RawArgument): Reading<unknown> => ({ ok: true, value: raw.value })
const methods = [
  defineMethod({ name: 'Test.Echo', read: readAny, handle: (argument) => argument }),
  defineMethod({ name: 'Test.Fill', read: readAny, handle: (bytes) => 'x'.repeat(Number(bytes)) }),
  defineMethod({
    name: 'Test.Wait',
    read: readAny,
    handle: (_argument, { waiting }: Context) => new Promise<string>((resolve) => waiting.push(resolve)),
  }),
  defineMethod({ name: 'Test.Throw', read: readAny, handle: () => expectNoMore() }),
  defineMethod({ name: 'Test.Reject', read: readAny, handle: () => Promise.reject(new Error('Cannot do it: no')) }),
  defineMethod({ name: 'Test.NotNow', read: readAny, handle: () => Promise.reject(new RpcRefusal('not now')) }),
  defineMethod({ name: 'Test.Refuse', read: () => ({ ok: false, reason: 'not that' }), handle: () => 0 }),
]

function expectNoMore(): never {
  throw new Error('Cannot go on: there is no more')
}

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean()
})

async function startServer(options: Partial<RpcServerOptions<Context>> = {}) {
  const counters = createCounters()
  const context: Context = { waiting: [] }
  const log = createLogger('test', { destination: { write: () => undefined } })
  const server = await listenRpc({ listen: '127.0.0.1:0', methods, context, counters, log, ...options })
  cleanups.push(() => server.close())
  return { server, counters, context }
}

async function dial(server: RpcServer): Promise<Peer> {
  const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
  cleanups.push(() => socket.destroy())
  await once(socket, 'connect')
  return new Peer(socket)
}

/** A client that shows what came, line by line. */
class Peer {
  readonly socket: Socket
  lines: string[] = []
  ended = false
  #rest = ''

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => {
      const lines = (this.#rest + chunk.toString()).split('\n')
      this.#rest = lines.pop() ?? ''
      this.lines.push(...lines)
    })
    socket.on('end', () => (this.ended = true))
    socket.on('error', () => (this.ended = true))
  }

  send(method: string, id: number, argument: unknown = null): void {
    this.socket.write(`${JSON.stringify({ method, params: [argument], id })}\n`)
  }

  async answers(count: number): Promise<string[]> {
    await vi.waitFor(() => expect(this.lines.length).toBeGreaterThanOrEqual(count), { timeout: 10_000, interval: 2 })
    return this.lines
  }

  async end(): Promise<void> {
    await vi.waitFor(() => expect(this.ended).toBe(true), { timeout: 10_000, interval: 2 })
  }
}

test('two hundred connections that always have a request ready are all served, none much more than another', async () => {
  const { server } = await startServer()
  const work = Array.from({ length: 400 }, (_, i) => ({ endpoint: `host-${i}`, metric: 'cpu.idle', value: i }))
  const peers = await Promise.all(Array.from({ length: 200 }, () => dial(server)))
  const answered = peers.map(() => 0)
  await new Promise<void>((resolve) => {
    peers.forEach(({ socket }, i) => {
      socket.on('data', (chunk) => {
        if (!chunk.includes(10)) return
        answered[i] = (answered[i] ?? 0) + 1
        if (answered.every((count) => count >= 3)) resolve()
        socket.write(request)
      })
      const request = `${JSON.stringify({ method: 'Test.Fill', params: [1, work], id: i })}\n`
      socket.write(request)
    })
  })
  expect(Math.max(...answered)).toBeLessThan(30)
})

test('idle connections stay, and are answered when they speak again', async () => {
  const { server, counters } = await startServer({ requestTimeoutMs: 50 })
  const peers = await Promise.all(Array.from({ length: 100 }, () => dial(server)))
  const late = await dial(server)
  late.socket.write('{"method":')
  await late.end() // by now the others have been idle for as long
  peers.forEach((peer, i) => peer.send('Test.Echo', i, 'still here'))
  for (const [i, peer] of peers.entries())
    expect(await peer.answers(1)).toEqual([`{"id":${i},"result":"still here","error":null}`])
  expect(counters.get('rpc.closed.tooSlow')).toBe(1)
  expect(counters.get('rpc.connections')).toBeGreaterThanOrEqual(100)
})

test('what a peer does wrong ends its own connection only, after the requests before it, and is counted', async () => {
  const { server, counters } = await startServer({ maxRequestBytes: 1000 })
  const good = await dial(server)
  const wrongs: [string, string][] = [
    ['malformed', '{"method":}\n'],
    ['malformed', '{"method":7,"params":[]}'],
    ['tooLarge', `{"method":"${'x'.repeat(1000)}`],
  ]
  for (const [reason, text] of wrongs) {
    const before = counters.get(`rpc.closed.${reason}`)
    const bad = await dial(server)
    bad.send('Test.Echo', 1, 'before')
    bad.socket.write(text)
    await bad.end()
    expect(bad.lines).toEqual(['{"id":1,"result":"before","error":null}'])
    expect(counters.get(`rpc.closed.${reason}`)).toBe(before + 1)
  }
  good.send('Test.Echo', 2, 'fine')
  expect(await good.answers(1)).toEqual(['{"id":2,"result":"fine","error":null}'])
})

test('requests of one connection run side by side, no more than the limit, and are answered as they are done', async () => {
  const { server, context } = await startServer({ maxInFlight: 3 })
  const peer = await dial(server)
  for (let id = 0; id < 5; id++) peer.send('Test.Wait', id)
  peer.send('Test.Echo', 5, 'last')
  await vi.waitFor(() => expect(context.waiting).toHaveLength(3))
  context.waiting[2]?.('c')
  await vi.waitFor(() => expect(context.waiting).toHaveLength(4))
  expect(peer.lines).toEqual(['{"id":2,"result":"c","error":null}'])
  for (const i of [0, 1, 3]) context.waiting[i]?.('x')
  await vi.waitFor(() => expect(context.waiting).toHaveLength(5))
  context.waiting[4]?.('x')
  expect((await peer.answers(6)).toSorted().at(-1)).toBe('{"id":5,"result":"last","error":null}')
})

test('after a half-close, what is running is answered before the connection ends', async () => {
  const { server, context } = await startServer()
  const peer = await dial(server)
  peer.send('Test.Wait', 1)
  peer.send('Test.Echo', 2, 'b')
  peer.socket.end()
  await peer.answers(1)
  await vi.waitFor(() => expect(context.waiting).toHaveLength(1))
  expect(peer.ended).toBe(false)
  context.waiting[0]?.('a')
  await peer.end()
  expect(peer.lines).toEqual(['{"id":2,"result":"b","error":null}', '{"id":1,"result":"a","error":null}'])
})

test('a connection that ends inside of a request is counted as such', async () => {
  const { server, counters } = await startServer()
  const peer = await dial(server)
  peer.socket.end('{"method":"Test.Echo",')
  await peer.end()
  expect(counters.get('rpc.closed.incomplete')).toBe(1)
})

test('a method that throws or rejects is answered with its message; every request is counted once', async () => {
  const { server, counters } = await startServer()
  const peer = await dial(server)
  const calls = ['Test.Throw', 'Test.Reject', 'Test.Refuse', 'Test.Nope', 'Test.Echo', 'Test.NotNow']
  for (const [id, method] of calls.entries()) peer.send(method, id)
  expect((await peer.answers(6)).toSorted()).toEqual([
    '{"id":0,"result":null,"error":"Cannot go on: there is no more"}',
    '{"id":1,"result":null,"error":"Cannot do it: no"}',
    '{"id":2,"result":null,"error":"not that"}',
    '{"id":3,"result":null,"error":"rpc: can\'t find method Test.Nope"}',
    '{"id":4,"result":null,"error":null}',
    '{"id":5,"result":null,"error":"not now"}',
  ])
  expect(counters.values()).toMatchObject({
    'rpc.requests': 6,
    'rpc.answered': 1,
    'rpc.refused': 2,
    'rpc.failed': 2,
    'rpc.unknownMethod': 1,
  })
})

test('methods that fail for everybody are logged once a second, not once a call', async () => {
  const lines: string[] = []
  const log = createLogger('test', { destination: { write: (line) => void lines.push(line) } })
  const { server, counters } = await startServer({ log })
  const peer = await dial(server)
  for (let id = 0; id < 50; id++) peer.send('Test.Reject', id)
  await peer.answers(50)
  expect(counters.get('rpc.failed')).toBe(50)
  expect(lines.length).toBeLessThan(25)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ method: 'Test.Reject', err: { message: 'Cannot do it: no' } })
})

test('a peer that does not read makes its own requests wait, and gets all answers once it reads', async () => {
  const { server, counters } = await startServer()
  const slow = await dial(server)
  slow.socket.pause()
  const count = 300
  for (let id = 0; id < count; id++) slow.send('Test.Fill', id, 100_000)
  const other = await dial(server)
  other.send('Test.Echo', 1, 'meanwhile')
  await other.answers(1)
  // Kernel buffers take some megabytes, the server one more; 30 MB were asked for.
  await vi.waitFor(() => expect(counters.get('rpc.requests')).toBeGreaterThan(5))
  expect(counters.get('rpc.requests')).toBeLessThan(count / 2)
  slow.socket.resume()
  expect(await slow.answers(count)).toHaveLength(count)
})

test('a peer that never reads is dropped', async () => {
  const { server, counters } = await startServer({ requestTimeoutMs: 100 })
  const slow = await dial(server)
  slow.socket.pause()
  for (let id = 0; id < 300; id++) slow.send('Test.Fill', id, 100_000)
  await vi.waitFor(() => expect(counters.get('rpc.closed.slowReader')).toBe(1), { timeout: 10_000 })
  await vi.waitFor(() => expect(server.connections()).toBe(0))
})

test('answers beyond what may wait for one peer drop it at once', async () => {
  const { server, counters, context } = await startServer({ maxOutgoingBytes: 2 ** 20 })
  const slow = await dial(server)
  slow.socket.pause()
  for (let id = 0; id < 60; id++) slow.send('Test.Wait', id)
  await vi.waitFor(() => expect(context.waiting).toHaveLength(60))
  for (const answer of context.waiting) answer('x'.repeat(300_000))
  await vi.waitFor(() => expect(counters.get('rpc.closed.slowReader')).toBe(1))
  await vi.waitFor(() => expect(counters.get('rpc.unheard')).toBeGreaterThan(0))
})

test('half-received requests of all connections share one limit', async () => {
  const { server, counters } = await startServer({ maxPendingBytes: 100_000 })
  const half = `{"method":"${'x'.repeat(60_000)}`
  const first = await dial(server)
  first.socket.write(half)
  await vi.waitFor(() => expect(counters.get('rpc.pendingBytes')).toBe(half.length))
  const second = await dial(server)
  second.socket.write(half)
  await second.end()
  expect(counters.get('rpc.closed.memory')).toBe(1)
  expect(counters.get('rpc.pendingBytes')).toBe(half.length)
  first.socket.write('","params":[1],"id":1}')
  expect(await first.answers(1)).toHaveLength(1)
  expect(counters.get('rpc.pendingBytes')).toBe(0)
})

test('when half-received requests fill their memory, the largest goes and a small one is completed', async () => {
  const { server, counters } = await startServer({ maxPendingBytes: 100_000 })
  const hog = await dial(server)
  hog.socket.write(`{"method":"${'x'.repeat(90_000)}`)
  await vi.waitFor(() => expect(counters.get('rpc.pendingBytes')).toBeGreaterThan(90_000))
  const small = await dial(server)
  small.socket.write(`{"method":"${'x'.repeat(20_000)}`)
  await hog.end()
  expect(counters.get('rpc.closed.memory')).toBe(1)
  small.socket.write('","params":[1],"id":1}')
  expect(await small.answers(1)).toHaveLength(1)
})

test('closing answers what is running, then ends every connection, and takes no new one', async () => {
  const { server, context } = await startServer()
  const busy = await dial(server)
  const idle = await dial(server)
  busy.send('Test.Wait', 1)
  await vi.waitFor(() => expect(context.waiting).toHaveLength(1))
  const closed = server.close()
  await idle.end()
  expect(busy.ended).toBe(false)
  context.waiting[0]?.('done')
  expect(await busy.answers(1)).toEqual(['{"id":1,"result":"done","error":null}'])
  await closed
  expect(server.connections()).toBe(0)
  await expect(dial(server)).rejects.toThrow('ECONNREFUSED')
})

test('a port that is taken, and an address that is none, are named', async () => {
  const { server } = await startServer()
  const listen = `127.0.0.1:${server.port}`
  await expect(startServer({ listen })).rejects.toThrow(`Cannot listen on ${listen}: `)
  await expect(startServer({ listen: 'nowhere' })).rejects.toThrow('Cannot listen on "nowhere": it is not host:port')
})
