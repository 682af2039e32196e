import { describe, expect, test } from 'vitest'
import { createRecordEncoder } from '#lib/link'
import type { Spool } from '#lib/spool'
import {
  add,
  expectBalance,
  openStore,
  quietPort,
  series,
  stand,
  start,
  startClient,
  startPeer,
  until,
  upTo,
} from './delivery-stand.contract.ts'

describe.each(['strict', 'live-first'] as const)('%s', (order) => {
  test('when the disk refuses, samples the peer does not take are given back', async () => {
    const port = await quietPort()
    const spool = openStore()
    let full = true
    const refusing: Spool = {
      ...spool,
      append(record, items) {
        if (full) throw new Error('Cannot spool: ENOSPC')
        return spool.append(record, items)
      },
    }
    const destination = start({ client: startClient(port), order, spool: refusing })
    await expect(add(destination, 10)).rejects.toThrow('ENOSPC')
    expect(destination.stats()).toMatchObject({ returned: 10, spooled: { items: 0 } })
    expect(destination.stats().lastError).toMatch(/ENOSPC|ECONNREFUSED/)
    expect(destination.stats().diskError).toMatch(/ENOSPC/)
    full = false
    await add(destination, 5)
    expect(destination.stats()).toMatchObject({ returned: 10, spooled: { items: 5 } })
    expectBalance(destination)
  })

  test('when the disk refuses, samples at a slow peer wait for its answer', async () => {
    const answers: (() => void)[] = []
    const peer = await startPeer(
      (batch) => new Promise((resolve) => answers.push(() => resolve({ taken: batch.count, refused: 0 }))),
    )
    const client = startClient(peer.port)
    await until(() => client.connected)
    let refusals = 0
    const spool: Spool = {
      ...openStore(),
      append() {
        refusals++
        throw new Error('Cannot spool: ENOSPC')
      },
    }
    const destination = start({ client, order, spool, ackWithinMs: 20 })
    const settled = add(destination, 10)
    await until(() => refusals > 0)
    expect(destination.stats()).toMatchObject({ inFlight: 10, returned: 0 })
    answers[0]?.()
    await settled
    expect(destination.stats()).toMatchObject({ delivered: 10, returned: 0 })
    expectBalance(destination)
  })

  test('a spooled record that cannot be read is counted as corrupt and holds up nothing', async () => {
    const spool = openStore()
    const encode = createRecordEncoder()
    const record = (timestamp: number) =>
      encode({
        count: 1,
        series: [series.intern('host', 'm', '', 'GAUGE', 60)],
        timestamps: Float64Array.of(timestamp),
        values: Float64Array.of(1),
      })
    spool.append(record(1), 1)
    spool.append(Buffer.from('not a record'), 7)
    spool.append(record(2), 1)
    spool.append(Buffer.from([9]), 3)
    const peer = await startPeer()
    const destination = start({ client: startClient(peer.port), order, spool })
    await until(() => destination.stats().spooled.items === 0)
    await until(() => destination.stats().delivered === 2)
    expect(stand.received).toEqual([1, 2])
    expect(destination.stats().dropped).toEqual({ size: 0, age: 0, corrupt: 10 })
    expectBalance(destination, 12)
  })

  test('what the spool drops while it is being sent again is counted as dropped only', async () => {
    const answers: (() => void)[] = []
    const port = await quietPort()
    const spool = openStore({ maxBytes: 8000 })
    const client = startClient(port)
    const destination = start({ client, order, spool, maxInFlight: 1, ackWithinMs: 60_000 })
    await add(destination, 20)
    await add(destination, 20)
    await startPeer(
      ({ count }) => new Promise((resolve) => answers.push(() => resolve({ taken: count - 5, refused: 5 }))),
      port,
    )
    await until(() => answers.length === 1)
    expect(stand.received).toEqual(upTo(40))
    while (destination.stats().dropped.size === 0) {
      void add(destination, 20)
      await new Promise(setImmediate)
    }
    const { dropped } = destination.stats()
    answers[0]?.()
    await until(
      () => destination.stats().delivered > 0 || destination.stats().refused > 0 || stand.received.length > 60,
    )
    expectBalance(destination)
    expect(destination.stats().delivered).toBeLessThan(40 - dropped.size)
    await client.close()
  })
})

test('a dropped record that is answered later counts once', async () => {
  let answer: (() => void) | undefined
  const peer = await startPeer(
    (batch) => new Promise((resolve) => (answer ??= () => resolve({ taken: batch.count, refused: 0 }))),
  )
  const client = startClient(peer.port)
  await until(() => client.connected)
  const destination = start({ client, order: 'strict', spool: openStore({ maxBytes: 8000 }), ackWithinMs: 10 })
  // The first goes to disk unanswered, the next behind it, until the first is dropped.
  while (destination.stats().dropped.size === 0) await add(destination, 20)
  answer?.()
  await until(() => stand.received.length > 20)
  expectBalance(destination)
  expect(destination.stats().delivered).toBe(0)
})
