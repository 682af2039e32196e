import { expect, test } from 'vitest'
import { encodeGreeting, linkVersion } from './greeting.ts'
import { link, raw, rawServer, recorder, serve, textOf, until } from './link-stand.contract.ts'

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

test('a peer that is turned away for now is told why, and let in by itself once it may', async () => {
  let reason: string | undefined = 'busy copying, 12 %'
  const turnAway = (peer: string) => (peer === 'friend' ? undefined : reason)
  const server = await serve(recorder().handler, { turnAway })
  const friend = link(server, { module: 'friend' })
  await until(() => friend.connected)
  const client = link(server)
  await until(() => client.lastError?.endsWith('refused: busy copying, 12 %') === true)
  expect(server.counters.get('link.peers.early')).toBe(1)
  reason = undefined
  await until(() => client.connected)
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
