import { expect, test } from 'vitest'
import {
  add,
  expectBalance,
  quietPort,
  sorted,
  stand,
  start,
  startClient,
  startPeer,
  takeAll,
  until,
  upTo,
} from './delivery-stand.contract.ts'
import type { Answer } from './delivery-stand.contract.ts'

test.each([
  ['strict', Infinity],
  ['live-first', Infinity],
  ['live-first', 2],
] as const)(
  '%s, %d sendings: through outages, refusals and restarts of the peer every sample arrives and is counted once',
  async (order, maxSendings) => {
    let requests = 0
    const flaky: Answer = (batch) => {
      requests++
      if (requests % 5 === 3) throw new Error('not now')
      return requests % 7 === 5
        ? new Promise((resolve) => setTimeout(() => resolve({ taken: batch.count, refused: 0 }), 30))
        : takeAll(batch)
    }
    /** Timestamps in the order in which they were taken. */
    const taken: number[] = []
    const recording: Answer = async (batch) => {
      const ack = await flaky(batch)
      taken.push(...batch.timestamps)
      return ack
    }
    const port = await quietPort()
    const client = startClient(port)
    const destination = start({ client, order, maxSendings, ackWithinMs: 15, batchSize: 16, retryMs: 5 })
    for (let round = 0; round < 4; round++) {
      const peer = await startPeer(recording, port)
      for (let i = 0; i < 40; i++) {
        void add(destination, 1 + (i % 30))
        await new Promise((resolve) => setTimeout(resolve, 2))
        expectBalance(destination)
      }
      await peer.close()
      await add(destination, 25)
    }
    await startPeer(recording, port)
    await until(() => destination.stats().spooled.items === 0 && destination.stats().inFlight === 0)
    expect(destination.stats()).toMatchObject({ delivered: stand.added, returned: 0 })
    // In order of first arrival: what came twice came as a repetition.
    const firstSeen = [...new Set(taken)]
    expect(order === 'strict' ? firstSeen : sorted(firstSeen)).toEqual(upTo(stand.added))
  },
  20_000,
)

test('live-first: new samples pass the spooled ones, which follow at the limited rate', async () => {
  const port = await quietPort()
  const destination = start({ client: startClient(port), order: 'live-first', replayPerSecond: 1000 })
  for (let i = 0; i < 30; i++) await add(destination, 100)
  expect(destination.stats().spooled.items).toBe(3000)
  await startPeer(takeAll, port)
  await until(() => stand.received.length > 0)
  await add(destination, 1)
  expect(stand.received.at(-1)).toBe(3001)
  expect(destination.stats().spooled.items).toBeGreaterThan(1000)
  expectBalance(destination)
  await until(() => stand.received.length >= 1101)
  expect(sorted(stand.received).slice(0, 1000)).toEqual(upTo(1000))
})
