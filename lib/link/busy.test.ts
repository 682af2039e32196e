import { expect, test } from 'vitest'
import { encodeGreeting, linkVersion } from './greeting.ts'
import {
  batchOf,
  connected,
  link,
  raw,
  rawServer,
  recorder,
  relayTo,
  serve,
  takeAll,
  textOf,
  until,
} from './link-stand.contract.ts'

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
