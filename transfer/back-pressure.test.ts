import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createFalconClient } from '../test/drivers/falcon-client.ts'
import { address, item, peer, stand } from './stand.contract.ts'

vi.setConfig({ testTimeout: 60_000 })

const connections = 1000
const samplesPerCall = 20
const rounds = 3
const maxInFlight = 2000
/** What is collected in a turn is looked at when it ends or a batch is full. */
const collectedAtMost = 8192

interface Row {
  readonly queued: number
  readonly inFlight: number
}

test('a thousand connections and destinations that never acknowledge: memory holds what it may, callers wait for the disk, nothing is lost', async () => {
  const hung = { take: () => new Promise<never>(() => undefined) }
  const [judge, graph] = [await peer(hung), await peer(hung)]
  const clusters = { judge: { j: address(judge) }, graph: { g: address(graph) } }
  const members = { judge: { maxInFlight, callTimeout: 60_000 }, graph: { maxInFlight, callTimeout: 60_000 } }
  const transfer = await stand({ clusters, members })

  let held = 0
  const state = { looking: true }
  const look = (async () => {
    while (state.looking) {
      for (const { queued, inFlight } of (await transfer.get('/destinations')) as Row[])
        held = Math.max(held, queued + inFlight)
      await sleep(5)
    }
  })()
  await Promise.all(
    Array.from({ length: connections }, async (_, i) => {
      const client = createFalconClient(transfer.ports.rpc)
      onTestFinished(() => client.close())
      for (let round = 0; round < rounds; round++) {
        const items = Array.from({ length: samplesPerCall }, (_, k) =>
          item({ endpoint: `h${i}`, metric: `m${k}`, value: round, timestamp: item().timestamp + 60 * round }),
        )
        expect(await client.call('Transfer.Update', items, 50_000)).toMatchObject({
          Total: samplesPerCall,
          Invalid: 0,
        })
      }
    }),
  )
  state.looking = false
  await look
  const all = connections * samplesPerCall * rounds
  expect(held).toBeGreaterThan(0)
  expect(held).toBeLessThanOrEqual(maxInFlight + collectedAtMost)
  expect(await transfer.counter('AcknowledgedCnt')).toBe(all)
  expect(await transfer.counter('GraphSendCacheCnt')).toBe(all)
  await judge.close()
  await graph.close()

  const back = await peer({ port: graph.port })
  const arrived = new Set<string>()
  await vi.waitFor(
    () => {
      for (const { series, timestamp } of back.taken()) arrived.add(`${series.endpoint} ${series.metric} ${timestamp}`)
      expect(arrived.size).toBe(all)
    },
    { timeout: 40_000, interval: 50 },
  )
})
