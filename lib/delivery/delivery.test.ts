import { describe, expect, test } from 'vitest'
import {
  add,
  expectBalance,
  name,
  never,
  openStore,
  quietPort,
  series,
  stand,
  start,
  startCable,
  startClient,
  startPeer,
  takeAll,
  until,
  upTo,
} from './delivery-stand.contract.ts'

describe.each(['strict', 'live-first'] as const)('%s', (order) => {
  test('samples reach the peer and are counted as it answers', async () => {
    const peer = await startPeer(({ count }) => ({ taken: count - 2, refused: 2 }))
    const client = startClient(peer.port)
    await until(() => client.connected)
    const destination = start({ client, order })
    await add(destination, 10)
    expect(stand.received).toEqual(upTo(10))
    expect(destination.stats()).toMatchObject({
      connected: true,
      queued: 0,
      inFlight: 0,
      spooled: { items: 0 },
      delivered: 8,
      refused: 2,
    })
    expect(stand.counters.values()).toMatchObject({ [`${name}.delivered`]: 8, [`${name}.connected`]: 1 })
    expect(stand.counters.get(`${name}.spooled`)).toBe(0)
  })

  test('with the peer away samples are on disk at once, and reach it when it comes', async () => {
    const port = await quietPort()
    const destination = start({ client: startClient(port), order })
    for (let i = 0; i < 5; i++) await add(destination, 10)
    expect(destination.stats()).toMatchObject({ connected: false, spooled: { items: 50 }, delivered: 0 })
    await until(() => /ECONNREFUSED/.test(destination.stats().lastError ?? ''))
    expectBalance(destination)
    await startPeer(takeAll, port)
    await until(() => destination.stats().delivered === 50)
    expect(stand.received).toEqual(upTo(50))
    expect(destination.stats()).toMatchObject({ spooled: { items: 0 }, lastError: undefined })
  })

  test('what was under way when the peer died reaches the next one', async () => {
    let peerDies = true
    const peer = await startPeer((batch) => (peerDies ? never(batch) : takeAll(batch)))
    const { port, cut } = await startCable(peer.port)
    const client = startClient(port)
    await until(() => client.connected)
    const destination = start({ client, order })
    const settled = [add(destination, 10), add(destination, 10)]
    await until(() => stand.received.length > 0)
    expect(destination.stats().spooled.items).toBe(0)
    const receivedBefore = stand.received.length
    peerDies = false
    cut()
    await Promise.all(settled)
    await until(() => destination.stats().delivered === 20)
    expect(stand.received.slice(receivedBefore)).toEqual(upTo(20))
    expectBalance(destination)
  })

  test('a slow peer keeps nobody waiting, gets no sample twice, and its late answer counts once', async () => {
    const answers: (() => void)[] = []
    const peer = await startPeer(
      (batch) => new Promise((resolve) => answers.push(() => resolve({ taken: batch.count - 1, refused: 1 }))),
    )
    const client = startClient(peer.port)
    await until(() => client.connected)
    const destination = start({ client, order, ackWithinMs: 20 })
    for (let i = 0; i < 4; i++) await add(destination, 10)
    expect(destination.stats()).toMatchObject({ delivered: 0, inFlight: 0, spooled: { items: 40 } })
    for (let i = 0; destination.stats().spooled.items > 0 && i < 1000; i++) {
      answers.shift()?.()
      await new Promise(setImmediate)
      expectBalance(destination)
    }
    await until(() => destination.stats().spooled.items === 0)
    const { delivered, refused } = destination.stats()
    expect(delivered + refused).toBe(40)
    expect(stand.received).toEqual(upTo(40))
  })

  test('what the peer could not take now is sent again', async () => {
    let attempts = 0
    const peer = await startPeer((batch) => {
      if (++attempts < 4) throw new Error('disk full')
      return takeAll(batch)
    })
    const client = startClient(peer.port)
    await until(() => client.connected)
    const destination = start({ client, order })
    await add(destination, 10)
    expect(destination.stats()).toMatchObject({ lastError: 'disk full', spooled: { items: 10 } })
    await until(() => destination.stats().delivered === 10)
    expect(attempts).toBe(4)
    expectBalance(destination)
  })

  test('what never gets an answer is sent again after the link gives up waiting', async () => {
    let attempts = 0
    const peer = await startPeer((batch) => (++attempts === 1 ? never(batch) : takeAll(batch)))
    const client = startClient(peer.port, 60)
    await until(() => client.connected)
    const destination = start({ client, order, ackWithinMs: 20 })
    await add(destination, 10)
    await until(() => destination.stats().delivered === 10)
    expect(stand.received).toEqual([...upTo(10), ...upTo(10)])
    expectBalance(destination)
  })

  test('beyond maxInFlight samples go straight to disk', async () => {
    const peer = await startPeer(never)
    const client = startClient(peer.port)
    await until(() => client.connected)
    const destination = start({ client, order, maxInFlight: 25, ackWithinMs: 60_000 })
    for (let i = 0; i < 10; i++) {
      void add(destination, 10)
      const { queued, inFlight } = destination.stats()
      expect(queued + inFlight).toBeLessThanOrEqual(25)
      expectBalance(destination)
    }
    expect(destination.stats().spooled.items).toBeGreaterThanOrEqual(75)
    await client.close()
  }, 15_000)

  test('what is unsent at the end is there for the next start', async () => {
    const port = await quietPort()
    const spool = openStore()
    const client = startClient(port)
    const first = start({ client, order, spool })
    await add(first, 10)
    const last = first.add(series.intern('host', 'm', '', 'GAUGE', 60), ++stand.added, 1)
    await first.close()
    expect(spool.stats().items).toBe(11)
    await last.settled
    expect(() => first.add(series.intern('host', 'm', '', 'GAUGE', 60), 1, 1)).toThrow('it is closed')
    await client.close()
    spool.close()

    await startPeer(takeAll, port)
    const second = start({ client: startClient(port), order })
    await until(() => second.stats().delivered === 11)
    expect(stand.received).toEqual(upTo(11))
  })

  test('closing waits for answers under way', async () => {
    let answer: () => void = () => undefined
    const peer = await startPeer(
      (batch) => new Promise((resolve) => (answer = () => resolve({ taken: batch.count, refused: 0 }))),
    )
    const client = startClient(peer.port)
    await until(() => client.connected)
    const destination = start({ client, order })
    const settled = add(destination, 10)
    await until(() => stand.received.length === 10)
    const closing = destination.close()
    answer()
    await closing
    await settled
    expect(destination.stats()).toMatchObject({ delivered: 10, spooled: { items: 0 } })
  })
})

test('live-first: many batches are under way at once', async () => {
  const peer = await startPeer(never)
  const client = startClient(peer.port)
  await until(() => client.connected)
  const destination = start({ client, order: 'live-first', ackWithinMs: 30_000 })
  for (let i = 0; i < 5; i++) void add(destination, 3)
  await until(() => stand.received.length === 15)
  expect(destination.stats().inFlight).toBe(15)
  await client.close()
})

test('strict: what is added while a batch is under way travels together afterwards', async () => {
  const sizes: number[] = []
  const answers: (() => void)[] = []
  const peer = await startPeer((batch) => {
    sizes.push(batch.count)
    return new Promise((resolve) => answers.push(() => resolve({ taken: batch.count, refused: 0 })))
  })
  const client = startClient(peer.port)
  await until(() => client.connected)
  const destination = start({ client, order: 'strict', ackWithinMs: 30_000 })
  const settled = [1, 2, 3, 4].map((count) => add(destination, count))
  await until(() => answers.length === 1)
  answers[0]?.()
  await until(() => answers.length === 2)
  answers[1]?.()
  await Promise.all(settled)
  expect(sizes).toEqual([1, 9])
  expect(destination.stats().delivered).toBe(10)
})

test('live-first with a limit: what is added while as many are under way as may be travels together', async () => {
  const sizes: number[] = []
  const answers: (() => void)[] = []
  const peer = await startPeer((batch) => {
    sizes.push(batch.count)
    return new Promise((resolve) => answers.push(() => resolve({ taken: batch.count, refused: 0 })))
  })
  const client = startClient(peer.port)
  await until(() => client.connected)
  const destination = start({ client, order: 'live-first', maxSendings: 2, batchSize: 8, ackWithinMs: 30_000 })
  const settled = [1, 2, 3, 4, 5, 6].map((count) => add(destination, count))
  await until(() => answers.length === 2)
  expect(destination.stats()).toMatchObject({ inFlight: 3, queued: 18 })
  for (let answered = 0; answered < 5; answered++) {
    await until(() => answers.length > answered)
    answers[answered]?.()
  }
  await Promise.all(settled)
  expect(sizes).toEqual([1, 2, 8, 8, 2])
  expect(destination.stats()).toMatchObject({ delivered: 21, spooled: { items: 0 } })
})

test('live-first with a limit: what waits for its turn too long, or when the peer goes, is on disk', async () => {
  const peer = await startPeer(never)
  const client = startClient(peer.port)
  await until(() => client.connected)
  const destination = start({ client, order: 'live-first', maxSendings: 1, ackWithinMs: 30 })
  await Promise.all([add(destination, 3), add(destination, 4)])
  expect(stand.received).toEqual([1, 2, 3])
  expect(destination.stats()).toMatchObject({ queued: 0, inFlight: 0, spooled: { items: 7 } })
  await client.close()
  await add(destination, 2)
  expect(destination.stats()).toMatchObject({ queued: 0, spooled: { items: 9 } })
})

test('a full batch is sent without waiting for flush', async () => {
  const peer = await startPeer()
  const client = startClient(peer.port)
  await until(() => client.connected)
  const destination = start({ client, batchSize: 4 })
  const one = series.intern('host', 'm', '', 'GAUGE', 60)
  const batches = upTo(6).map((timestamp) => destination.add(one, timestamp, 0))
  await batches[0]?.settled
  expect(new Set(batches).size).toBe(2)
  await until(() => destination.stats().delivered >= 4)
})

test.each([-1, 0.5, 2 ** 32, Number.NaN])('timestamp %d is refused and nothing is added', async (timestamp) => {
  const destination = start({ client: startClient(await quietPort()) })
  const one = series.intern('host', 'm', '', 'GAUGE', 60)
  expect(() => destination.add(one, timestamp, 1)).toThrow(
    `Cannot add a sample of host/m: its timestamp is ${timestamp}`,
  )
  expect(destination.stats().queued).toBe(0)
})
