import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import type { LinkAck } from './columns.ts'
import { batchOf, connected, link, recorder, relayTo, serve, takeAll, until } from './link-stand.contract.ts'

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

test('an answer of bytes arrives as those bytes, between others', async () => {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) & 0xff)
  const calls = { bytes: async () => bytes, none: async () => new Uint8Array(0), text: async () => 'x' }
  const client = link(await serve({ ...recorder().handler, calls }))
  await connected(client)
  const [long, text, none, again] = await Promise.all(
    ['bytes', 'text', 'none', 'bytes'].map((name) => client.call(name, null)),
  )
  expect(text).toBe('x')
  expect(none).toEqual(Buffer.alloc(0))
  for (const answer of [long, again]) expect(Buffer.compare(answer as Buffer, bytes)).toBe(0)
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
