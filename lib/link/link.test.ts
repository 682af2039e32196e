import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import type { Series } from '#protocol'
import { createLinkClient } from './client.ts'
import type { LinkAck, SampleColumns } from './columns.ts'
import { encodeGreeting, linkVersion } from './greeting.ts'
import type { LinkClient, LinkClientOptions, LinkHandler, LinkServer, LinkServerOptions, SlotBatch } from './link.ts'
import { createSeriesTable } from './series-table.ts'
import { listenLink } from './server.ts'

const log = createLogger('test', { destination: { write: () => undefined } })
const closers: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

type Seen = { series: Series; timestamp: number; value: number }

/** A handler that remembers what it took and answers as it is told. */
function recorder(answer: (batch: SlotBatch<Series>) => LinkAck | Promise<LinkAck> = takeAll) {
  const defined: Series[] = []
  const seen: Seen[] = []
  const handler: LinkHandler<Series> = {
    define(series) {
      defined.push(series)
      return series
    },
    take(batch) {
      for (let i = 0; i < batch.count; i++)
        seen.push({
          series: batch.slots[i] as Series,
          timestamp: batch.timestamps[i] as number,
          value: batch.values[i] as number,
        })
      return answer(batch)
    },
  }
  return { defined, seen, handler }
}

const takeAll = (batch: SlotBatch<Series>) => ({ taken: batch.count, refused: 0 })

async function serve(handler: LinkHandler<Series>, options: Partial<LinkServerOptions<Series>> = {}) {
  const counters = createCounters()
  const server = await listenLink({ listen: '127.0.0.1:0', module: 'judge', handler, log, counters, ...options })
  closers.push(() => server.close())
  return Object.assign(server, { counters })
}

function link(to: LinkServer | string, options: Partial<LinkClientOptions> = {}): LinkClient {
  const addresses = [typeof to === 'string' ? to : `127.0.0.1:${to.port}`]
  const client = createLinkClient({
    addresses,
    module: 'transfer',
    connectTimeoutMs: 2000,
    ackTimeoutMs: 5000,
    log,
    ...options,
  })
  closers.push(() => client.close())
  return client
}

const until = (condition: () => boolean) =>
  vi.waitFor(() => expect(condition()).toBe(true), { timeout: 5000, interval: 5 })
const connected = (client: LinkClient) => until(() => client.connected)

const table = createSeriesTable()
/** One sample a metric, with values 0, 1, 2 … */
function batchOf(metrics: string[], timestamp = 1_700_000_000): SampleColumns {
  return {
    count: metrics.length,
    series: metrics.map((metric) => table.intern('host', metric, 'a=b', 'GAUGE', 60)),
    timestamps: Float64Array.from(metrics, () => timestamp),
    values: Float64Array.from(metrics, (_, i) => i),
  }
}

test('a batch arrives with its series, and its acknowledgement comes back', async () => {
  const { seen, handler } = recorder((batch) => ({ taken: batch.count - 1, refused: 1 }))
  const server = await serve(handler)
  const client = link(server)
  await connected(client)
  expect(await client.send(batchOf(['cpu', 'mem', 'net']))).toEqual({ taken: 2, refused: 1 })
  expect(seen).toEqual(
    ['cpu', 'mem', 'net'].map((metric, value) => ({
      series: { endpoint: 'host', metric, tags: 'a=b', counterType: 'GAUGE', step: 60 },
      timestamp: 1_700_000_000,
      value,
    })),
  )
  expect(server.counters.values()).toMatchObject({ 'link.samples.taken': 2, 'link.samples.refused': 1 })
})

test('a series is defined once a connection', async () => {
  const { defined, handler } = recorder()
  const client = link(await serve(handler))
  await connected(client)
  await client.send(batchOf(['one', 'two']))
  await client.send(batchOf(['two', 'three', 'two']))
  expect(defined.map((series) => series.metric)).toEqual(['one', 'two', 'three'])
})

test('series are defined anew after a while, and only those still in use', async () => {
  const { defined, seen, handler } = recorder()
  const client = link(await serve(handler), { redefineAfterMs: 30 })
  await connected(client)
  await client.send(batchOf(['one', 'two', 'three']))
  await until(() => {
    void client.send(batchOf(['three', 'one']))
    return defined.length > 3
  })
  expect(defined.slice(0, 5).map((series) => series.metric)).toEqual(['one', 'two', 'three', 'three', 'one'])
  await client.send(batchOf(['three', 'one']))
  for (const { series, value } of seen.slice(3)) expect(series.metric).toBe(value === 0 ? 'three' : 'one')
})

test('after a reconnect the series are defined anew', async () => {
  const first = recorder()
  const server = await serve(first.handler)
  const client = link(server)
  await connected(client)
  await client.send(batchOf(['one', 'two']))
  const { port } = server
  await server.close()
  await until(() => !client.connected)
  expect(client.lastError).toMatch(/^Lost the link to 127.0.0.1:\d+: judge ended the connection: closing$/)
  await expect(client.send(batchOf(['one']))).rejects.toMatchObject({ kind: 'closed' })
  const second = recorder()
  await serve(second.handler, { listen: `127.0.0.1:${port}` })
  await connected(client)
  await client.send(batchOf(['two']))
  expect(second.defined.map((series) => series.metric)).toEqual(['two'])
  expect(second.seen.map((sample) => sample.series.metric)).toEqual(['two'])
})

test('many batches are under way at once and are answered in any order', async () => {
  const release: (() => void)[] = []
  const { handler } = recorder(
    (batch) => new Promise((resolve) => release.push(() => resolve({ taken: batch.count, refused: 0 }))),
  )
  const client = link(await serve(handler))
  await connected(client)
  const answered: number[] = []
  const sends = [1, 2, 3].map((n) => client.send(batchOf(['m'])).then(() => answered.push(n)))
  await until(() => release.length === 3)
  for (const index of [2, 0, 1]) {
    release[index]?.()
    await until(() => answered.includes(index + 1))
  }
  await Promise.all(sends)
  expect(answered).toEqual([3, 1, 2])
})

test('a batch the peer could not take is to be sent again, with the reason', async () => {
  const { handler } = recorder(() => Promise.reject(new Error('disk full')))
  const server = await serve(handler)
  const client = link(server)
  await connected(client)
  await expect(client.send(batchOf(['m', 'n']))).rejects.toMatchObject({ kind: 'answer', message: 'disk full' })
  expect(server.counters.get('link.samples.postponed')).toBe(2)
})

test('an acknowledgement that does not add up is an error, not an acknowledgement', async () => {
  const { handler } = recorder(() => ({ taken: 1, refused: 0 }))
  const client = link(await serve(handler))
  await connected(client)
  await expect(client.send(batchOf(['m', 'n']))).rejects.toMatchObject({ kind: 'answer' })
})

test('no answer in time rejects that batch only, and its late answer changes nothing', async () => {
  let answer: (ack: LinkAck) => void = () => undefined
  const { handler } = recorder((batch) =>
    batch.count === 1 ? new Promise((resolve) => (answer = resolve)) : takeAll(batch),
  )
  const client = link(await serve(handler), { ackTimeoutMs: 50 })
  await connected(client)
  await expect(client.send(batchOf(['slow']))).rejects.toMatchObject({ kind: 'timeout' })
  answer({ taken: 1, refused: 0 })
  expect(await client.send(batchOf(['a', 'b']))).toEqual({ taken: 2, refused: 0 })
})

test('what is under way when the connection is lost rejects', async () => {
  const sockets: Socket[] = []
  const relay = await relayTo((await serve(recorder(() => new Promise(() => undefined)).handler)).port, sockets)
  const client = link(`127.0.0.1:${relay.port}`)
  await connected(client)
  const sends = [client.send(batchOf(['m'])), client.call('nothing', null)]
  sockets.forEach((socket) => socket.destroy())
  expect(await Promise.allSettled(sends)).toMatchObject([
    { status: 'rejected', reason: { kind: 'closed' } },
    { reason: { kind: 'closed' } },
  ])
  await connected(client)
})

test('calls reach the named method and bring back its result or its error', async () => {
  const server = await serve({
    ...recorder().handler,
    calls: {
      double: async (params) => ({ twice: 2 * (params as { n: number }).n }),
      fail: async () => {
        throw new Error('no such series')
      },
      nothing: async () => undefined,
    },
  })
  const client = link(server)
  await connected(client)
  expect(await client.call('double', { n: 21 })).toEqual({ twice: 42 })
  expect(await client.call('nothing', null)).toBe(null)
  await expect(client.call('fail', null)).rejects.toMatchObject({ kind: 'answer', message: 'no such series' })
  for (const name of ['unknown', 'toString', '__proto__'])
    await expect(client.call(name, null)).rejects.toThrow(`Cannot call ${name}: there is no such method`)
})

test('calls and answers beyond the frame limit are refused by name, and the link stays', async () => {
  const handler = { ...recorder().handler, calls: { long: async () => 'x'.repeat(5000) } }
  const client = link(await serve(handler, { maxFrameBytes: 4096 }), { maxFrameBytes: 4096 })
  await connected(client)
  await expect(client.call('long', null)).rejects.toThrow(/^Cannot answer long: \d+ bytes, the limit is 4096$/)
  await expect(client.call('long', 'x'.repeat(5000))).rejects.toThrow(/^Cannot call long: \d+ bytes/)
  await expect(client.send(batchOf(Array.from({ length: 400 }, (_, i) => `m${i}`)))).rejects.toThrow(
    /^Cannot send 400 samples/,
  )
  expect(await client.send(batchOf(['m1', 'm2']))).toEqual({ taken: 2, refused: 0 })
})

test('a timestamp that does not fit is refused before anything is sent, and the dictionary stays right', async () => {
  const { defined, handler } = recorder()
  const client = link(await serve(handler))
  await connected(client)
  for (const timestamp of [-1, 1.5, 2 ** 32, Number.NaN])
    await expect(client.send(batchOf(['bad'], timestamp))).rejects.toThrow(/^Cannot encode a sample of host\/bad/)
  await client.send(batchOf(['good'], 2 ** 32 - 1))
  expect(defined.map((series) => series.metric)).toEqual(['good'])
})

test('with several addresses the next one is used when one does not answer', async () => {
  const gone = await serve(recorder().handler)
  const there = await serve(recorder().handler)
  await gone.close()
  const client = link('', { addresses: [`127.0.0.1:${gone.port}`, `127.0.0.1:${there.port}`] })
  await connected(client)
  expect(client.peer).toBe(`127.0.0.1:${there.port}`)
})

test('onConnect tells of every connection', async () => {
  const server = await serve(recorder().handler)
  const client = link(server)
  let count = 0
  client.onConnect(() => count++)
  await until(() => count === 1)
  await server.close()
  await serve(recorder().handler, { listen: `127.0.0.1:${server.port}` })
  await until(() => count === 2)
})

test('a silent peer is given up, a quiet one is not', async () => {
  const quiet = link(await serve(recorder().handler, { heartbeatMs: 10 }), { heartbeatMs: 10 })
  // Greets and then says nothing.
  const dumb = await rawServer((socket) =>
    socket.write(encodeGreeting({ kind: 'welcome', version: linkVersion, text: 'x' })),
  )
  const silent = link(dumb, { heartbeatMs: 10 })
  let lost = 0
  quiet.onConnect(() => lost++)
  await connected(silent)
  await until(() => silent.lastError?.endsWith('nothing heard for 30 ms') === true)
  expect(quiet.connected).toBe(true)
  expect(lost).toBe(1)
})

test('the server gives up a client that falls silent', async () => {
  const server = await serve(recorder().handler, { heartbeatMs: 10 })
  const socket = raw(server.port)
  socket.write(encodeGreeting({ kind: 'hello', version: linkVersion, text: 'mute' }))
  expect(await textOf(socket)).toContain('nothing heard for 30 ms')
  await until(() => server.connections() === 0)
})

test.each([
  [
    'HTTP',
    'GET /health HTTP/1.1\r\nHost: x\r\n\r\n',
    /^HTTP\/1.1 400 Bad Request\r\n[^]*this port of judge takes only the binary link[^]*not HTTP\n$/,
  ],
  [
    'JSON-RPC',
    '{"method":"Judge.Send","params":[[]],"id":0}',
    /^\{"id":0,"result":null,"error":"this port of judge .*not JSON-RPC"\}\n$/,
  ],
  ['nonsense', '\x00\x00\x00\x05hello', /^this port of judge takes only the binary link/],
])('a client that speaks %s is told so in its own words, and counted', async (_, words, answer) => {
  const server = await serve(recorder().handler)
  const socket = raw(server.port)
  socket.write(words)
  expect(await textOf(socket)).toMatch(answer)
  expect(server.counters.get('link.peers.foreign')).toBe(1)
})

test('a refusal can be read also while the client is still talking', async () => {
  const server = await serve(recorder().handler)
  const socket = raw(server.port)
  socket.write(`POST / HTTP/1.1\r\nContent-Length: 3000000\r\n\r\n`)
  socket.write(Buffer.alloc(3_000_000))
  expect(await textOf(socket)).toContain('not HTTP')
})

test('peers of another version are refused in words on both sides, and never misread', async () => {
  const server = await serve(recorder().handler)
  const socket = raw(server.port)
  socket.write(encodeGreeting({ kind: 'hello', version: 7, text: 'transfer' }))
  expect(await textOf(socket)).toContain('judge speaks link version 1, transfer speaks 7: run the same release of both')
  expect(server.counters.get('link.peers.version')).toBe(1)

  const newer = await rawServer((socket) => socket.end(encodeGreeting({ kind: 'refuse', version: 7, text: 'too old' })))
  const refused = link(newer)
  await until(() => refused.lastError?.endsWith('refused: too old') === true)
  const careless = link(
    await rawServer((socket) => socket.write(encodeGreeting({ kind: 'welcome', version: 7, text: 'judge' }))),
  )
  await until(() => careless.lastError?.endsWith('judge speaks link version 7, this is 1') === true)
})

test('a server that is no link is named with what it says', async () => {
  const client = link(await rawServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')))
  await until(() => /it does not speak the link, it says "HTTP\/1.1 400/.test(client.lastError ?? ''))
})

test('a server that hangs up on the greeting, as Go’s RPC servers do, is named as what it probably is', async () => {
  const client = link(await rawServer((socket) => socket.once('data', () => socket.end())))
  await until(() => client.lastError?.includes('as a judge or graph of Open-Falcon does') === true)
})

test('a peer that never says who it is is refused after the handshake timeout', async () => {
  const server = await serve(recorder().handler, { handshakeTimeoutMs: 20 })
  const socket = raw(server.port)
  expect(await textOf(socket)).toContain('no greeting within 20 ms')
  expect(server.counters.get('link.peers.silent')).toBe(1)
  const dumb = link(await rawServer(() => undefined), { connectTimeoutMs: 30 })
  await until(() => /no greeting within \d+ ms$/.test(dumb.lastError ?? ''))
})

const hello = encodeGreeting({ kind: 'hello', version: linkVersion, text: 'broken' })
const frame = (type: number, ...body: number[]) => Buffer.from([body.length, 0, 0, 0, type, ...body])

test.each([
  ['of an unknown type', frame(99), 'a frame of type 99'],
  ['beyond the limit', Buffer.from([0, 0, 0, 0xff, 2]), 'a frame of 4278190080 bytes, the limit is'],
  ['cut short', frame(2, 1, 0, 0), '4 bytes expected at byte 0, 3 are there'],
  [
    'announcing samples that are not there',
    frame(2, 1, 0, 0, 0, 9, 0, 0, 0),
    '144 bytes expected at byte 8, 0 are there',
  ],
  [
    'naming an undefined series',
    Buffer.concat([frame(2, 1, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, ...Array(12).fill(0))]),
    'series 5 was not defined, 0 were',
  ],
  ['defining out of turn', frame(1, 3, 0, 0, 0, 0, 0), 'series 3 is defined, 0 should be next'],
  ['naming a text that is not there', frame(1, 0, 0, 0, 0, 1, 1, 97, 1, 0, 1, 0, 0, 60), 'text 1 of 1 is named'],
  ['with an unknown counter type', frame(1, 0, 0, 0, 0, 1, 1, 97, 1, 0, 0, 0, 3, 60), 'counter type 3 is unknown'],
  ['with step 0', frame(1, 0, 0, 0, 0, 1, 1, 97, 1, 0, 0, 0, 0, 0), 'a/a has step 0'],
  ['with bytes left over', frame(1, 0, 0, 0, 0, 0, 0, 9), '1 bytes follow where nothing should'],
  ['with a number too long', frame(1, 0, 0, 0, 0, 255, 255, 255, 255, 255), 'is longer than 32 bits'],
  ['calling without JSON', frame(3, 1, 0, 0, 0, 110), 'a call that is not JSON'],
  ['calling nothing', frame(3, 1, 0, 0, 0, 49), 'a call that is not [method, params]'],
])('a frame %s ends the connection with the reason', async (_, bytes, reason) => {
  const server = await serve(recorder().handler)
  const socket = raw(server.port)
  socket.write(Buffer.concat([hello, bytes]))
  expect(await textOf(socket)).toContain(`corrupt frame: `)
  expect(await textOf(socket)).toContain(reason)
  expect(server.counters.get('link.peers.corrupt')).toBe(1)
})

test('a corrupt answer ends the connection on the client with the reason', async () => {
  const client = link(
    await rawServer((socket) =>
      socket.write(Buffer.concat([encodeGreeting({ kind: 'welcome', version: linkVersion, text: 'x' }), frame(77)])),
    ),
  )
  await until(() => client.lastError?.endsWith('corrupt frame: a frame of type 77') === true)
})

test('a handler that cannot define a series ends that connection only', async () => {
  const { handler } = recorder()
  const server = await serve({
    ...handler,
    define(series) {
      if (series.metric === 'poison') throw new Error('bug')
      return series
    },
  })
  const bad = link(server)
  const good = link(server)
  await connected(bad)
  await connected(good)
  await expect(bad.send(batchOf(['poison']))).rejects.toThrow(/internal error, see the log of this module$/)
  expect(await good.send(batchOf(['fine']))).toEqual({ taken: 1, refused: 0 })
})

test('frames are read however the bytes are split', async () => {
  const { seen, handler } = recorder()
  const server = await serve(handler)
  const relay = await relayTo(server.port, [], 7)
  const client = link(`127.0.0.1:${relay.port}`)
  await connected(client)
  for (let i = 0; i < 20; i++) await client.send(batchOf([`split${i}`, 'again']))
  expect(seen).toHaveLength(40)
})

test('a connection with too many unanswered batches is not read further, and goes on after answers', async () => {
  let waiting: (() => void)[] = []
  let taken = 0
  const { handler } = recorder((batch) => {
    taken++
    return new Promise((resolve) => waiting.push(() => resolve(takeAll(batch))))
  })
  const client = link(await serve(handler, { maxUnacknowledged: 4 }))
  await connected(client)
  const sends = Array.from({ length: 30 }, () => client.send(batchOf(['m'])))
  await until(() => taken === 4)
  // Another connection's round trips give the server every chance to read on.
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(taken).toBe(4)
  for (let answered = 0; answered < 30;) {
    const now = waiting
    waiting = []
    now.forEach((answer) => answer())
    expect(now.length).toBeLessThanOrEqual(4)
    answered += now.length
    await new Promise(setImmediate)
  }
  await Promise.all(sends)
})

test('a connection that floods does not keep another from its turn', async () => {
  const order: string[] = []
  const { handler } = recorder((batch) => {
    order.push(batch.slots[0]?.metric ?? '')
    const end = performance.now() + 2
    while (performance.now() < end);
    return takeAll(batch)
  })
  const server = await serve(handler)
  const busy = link(server)
  const modest = link(server)
  await connected(busy)
  await connected(modest)
  const flood = Array.from({ length: 60 }, () => busy.send(batchOf(['busy'])))
  await until(() => order.length > 0)
  await modest.send(batchOf(['modest']))
  expect(order.length).toBeLessThan(40)
  await Promise.all(flood)
})

test('closing the server answers what it has taken', async () => {
  let answer: () => void = () => undefined
  const { handler } = recorder((batch) => new Promise((resolve) => (answer = () => resolve(takeAll(batch)))))
  const server = await serve(handler)
  const client = link(server)
  await connected(client)
  const sent = client.send(batchOf(['m']))
  await until(() => server.connections() === 1 && answer.length === 0)
  await new Promise((resolve) => setTimeout(resolve, 20))
  const closing = server.close()
  answer()
  expect(await sent).toEqual({ taken: 1, refused: 0 })
  await closing
  await until(() => server.connections() === 0)
})

test('closing the client while it cannot connect ends its attempts', async () => {
  const client = link('127.0.0.1:1')
  await until(() => client.lastError !== undefined)
  await client.close()
  expect(client.connected).toBe(false)
})

test('a bad address and no address are named', () => {
  expect(() => link('nowhere')).toThrow('Cannot create a link: "nowhere" is not host:port')
  expect(() => link('', { addresses: [] })).toThrow('no address is given')
})

test('a port that is taken is named', async () => {
  const server = await serve(recorder().handler)
  await expect(serve(recorder().handler, { listen: `127.0.0.1:${server.port}` })).rejects.toThrow(
    /^Cannot listen on 127.0.0.1:\d+: listen EADDRINUSE/,
  )
})

function raw(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  closers.push(() => void socket.destroy())
  return socket
}

const texts = new WeakMap<Socket, Promise<string>>()
/** All that the peer says until it hangs up. */
function textOf(socket: Socket): Promise<string> {
  const known = texts.get(socket)
  if (known) return known
  const text = new Promise<string>((resolve, reject) => {
    let all = ''
    socket.on('data', (chunk: Buffer) => (all += chunk.toString('latin1')))
    socket.on('error', reject)
    socket.on('end', () => resolve(all))
  })
  texts.set(socket, text)
  return text
}

async function rawServer(onConnection: (socket: Socket) => unknown): Promise<string> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => socket.destroy())
    socket.resume()
    onConnection(socket)
  })
  return `127.0.0.1:${await listening(server, sockets)}`
}

/** Passes bytes on, in pieces of `pieceBytes` when given. */
async function relayTo(port: number, sockets: Socket[], pieceBytes = Infinity): Promise<{ port: number }> {
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.push(from)
      from.setNoDelay(true)
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
      from.on('data', (chunk: Buffer) => {
        const pieces = Math.max(1, Math.ceil(chunk.length / pieceBytes))
        for (let i = 0; i < pieces; i++)
          to.write(pieces === 1 ? chunk : chunk.subarray(i * pieceBytes, (i + 1) * pieceBytes))
      })
    }
  })
  return { port: await listening(server, sockets) }
}

function listening(server: Server, sockets: Socket[]): Promise<number> {
  closers.push(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        sockets.forEach((socket) => socket.destroy())
      }),
  )
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))
}
