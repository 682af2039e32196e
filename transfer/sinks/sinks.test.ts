import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import type { SentItem } from '../../test/drivers/falcon-client.ts'
import { freePort } from '../../test/drivers/transfer-stand.ts'
import type { TransferStand } from '../../test/drivers/transfer-stand.ts'
import { client, dir, item, opened, peer, stand, timestamp } from '../stand.contract.ts'
import { startFakeTcp } from './tcp-peer.contract.ts'

const off = { enabled: false }
const within = { timeout: 10_000 }
const address = (port: number) => `127.0.0.1:${port}`

function start(members: Record<string, unknown>, graph: number, folder?: string): Promise<TransferStand> {
  const clusters = { judge: { j: address(1) }, graph: { g: address(graph) } }
  return stand({ members: { judge: off, ...members }, clusters }, folder)
}

const update = (running: TransferStand, items: readonly SentItem[]) => client(running.ports.rpc).update(items)

async function destination(running: TransferStand, section: string): Promise<Record<string, unknown>> {
  const list = (await running.get('/destinations')) as Record<string, unknown>[]
  return list.find(({ ring }) => ring === section) ?? {}
}

/** A server that takes connections and never says a word. */
async function mutePort(): Promise<number> {
  const mute = await startFakeTcp(0, (socket) => socket.resume())
  opened.push(() => mute.close())
  return mute.port
}

test('a gateway passes samples on with the time, step and type that they came with', async () => {
  const graph = await peer()
  const second = mkdtempSync(join(tmpdir(), 'sinks-second-'))
  opened.push(() => rmSync(second, { recursive: true, force: true }))
  const next = await start({ minStep: 1 }, graph.port, second)
  const gateway = await start(
    { graph: off, minStep: 30, transfer: { enabled: true, cluster: { t1: address(next.ports.rpc) } } },
    1,
  )
  const items = [
    item({ step: 10, timestamp: timestamp + 13, tags: 'b=2, a=1' }),
    item({ metric: 'c', counterType: 'COUNTER', value: '17.5' }),
  ]
  expect(await update(gateway, items)).toMatchObject({ Total: 2, Invalid: 0 })
  await vi.waitFor(async () => expect(await gateway.counter('SendToTransferCnt')).toBe(2), within)
  expect(graph.taken()).toEqual([
    {
      series: expect.objectContaining({ metric: 'm', tags: 'a=1,b=2', step: 10, counterType: 'GAUGE' }) as unknown,
      timestamp: timestamp + 10,
      value: 1,
    },
    {
      series: expect.objectContaining({ metric: 'c', step: 60, counterType: 'COUNTER' }) as unknown,
      timestamp,
      value: 17.5,
    },
  ])
})

test('sinks that never answer hold up neither callers nor graph nor each other', async () => {
  const graph = await peer()
  const next = await peer()
  const second = mkdtempSync(join(tmpdir(), 'sinks-second-'))
  opened.push(() => rmSync(second, { recursive: true, force: true }))
  const central = await start({}, next.port, second)
  const mute = await mutePort()
  const stand = await start(
    {
      transfer: { enabled: true, cluster: { t1: address(central.ports.rpc) } },
      tsdb: { enabled: true, address: address(mute), callTimeout: 60_000 },
      influxdb: { enabled: true, address: `http://${address(mute)}`, timeout: 60_000 },
      p8s_relay: { enabled: true, url: `http://${address(mute)}/api/v1/write`, callTimeout: 60_000 },
    },
    graph.port,
  )
  for (let i = 0; i < 3; i++)
    expect(await update(stand, [item({ timestamp: timestamp + 60 * i })])).toMatchObject({ Invalid: 0 })
  await vi.waitFor(async () => expect(await stand.counter('SendToTransferCnt')).toBe(3), within)
  expect(graph.taken()).toHaveLength(3)
  expect(next.taken()).toHaveLength(3)
  for (const hung of ['tsdb', 'influxdb', 'p8s_relay'])
    expect(await destination(stand, hung)).toMatchObject({ delivered: 0, spooled: { items: 3 }, returned: 0 })
  expect(await stand.counter('Waiting')).toBe(9)
})

test('a section may have a spool smaller than the others: its drops are its own', async () => {
  const graph = await peer()
  const stand = await start(
    { tsdb: { enabled: true, address: address(await freePort()), spool: { maxBytes: 2 ** 20 } } },
    graph.port,
  )
  const call = (round: number) =>
    Array.from({ length: 500 }, (_, i) =>
      item({ endpoint: `h${i}`, metric: `${'m'.repeat(400)}${i}`, timestamp: timestamp + 60 * round }),
    )
  for (let round = 0; round < 12; round++) expect(await update(stand, call(round))).toMatchObject({ Invalid: 0 })
  const { spooled, dropped } = (await destination(stand, 'tsdb')) as Record<string, { items: number; size: number }>
  expect(dropped?.size).toBeGreaterThan(0)
  expect((spooled?.items ?? 0) + (dropped?.size ?? 0)).toBe(6000)
  expect(await stand.counter('SendToTsdbDropCnt')).toBe(dropped?.size)
  await vi.waitFor(async () => expect(await stand.counter('SendToGraphCnt')).toBe(6000), within)
})

test('samples for an address that was replaced go to the new one', async () => {
  const gone = await freePort()
  const first = await start({ graph: off, tsdb: { enabled: true, address: address(gone) } }, 1)
  await update(first, [item({ metric: 'a' }), item({ metric: 'b' })])
  await first.stop()
  const lines: string[] = []
  const server = await startFakeTcp(0, (socket) => {
    let text = ''
    socket.on('data', (chunk) => (text += chunk.toString()))
    socket.on('end', () => {
      lines.push(...text.split('\n').filter((line) => line !== ''))
      socket.end()
    })
  })
  opened.push(() => server.close())
  await start({ graph: off, tsdb: { enabled: true, address: address(server.port) } }, 1)
  await vi.waitFor(() => expect(lines).toHaveLength(2), within)
  expect(lines.toSorted()).toEqual([`put a ${timestamp} 1 endpoint=h`, `put b ${timestamp} 1 endpoint=h`])
  await vi.waitFor(() => expect(readdirSync(join(dir, 'tsdb'))).toEqual([`tsdb@127.0.0.1_${server.port}`]), within)
})

test('several addresses get every sample each', async () => {
  const [a, b] = [await freePort(), await freePort()]
  const running = await start(
    { graph: off, influxdb: { enabled: true, address: `http://${address(a)}, http://${address(b)}` } },
    1,
  )
  await update(running, [item()])
  const list = (await running.get('/destinations')) as { address: string; spooled: { items: number } }[]
  expect(list.map(({ address: place, spooled }) => [place, spooled.items])).toEqual([
    [address(a), 1],
    [address(b), 1],
  ])
})
