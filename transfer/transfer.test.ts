import { once } from 'node:events'
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { freePort } from '../test/drivers/transfer-stand.ts'
import type { Arrived, TransferStand } from '../test/drivers/transfer-stand.ts'
import { address, client, dir, item, opened, peer, peeredStand, stand, timestamp } from './stand.contract.ts'

const values = (arrived: Arrived[]) => arrived.map(({ value }) => value)

test('three hundred busy connections are all served, and every sample arrives at both peers', async () => {
  const { ports, judge, graph, counter } = await peeredStand()
  const connections = 300
  const callsEach = 5
  const samplesEach = 20
  await Promise.all(
    Array.from({ length: connections }, async (_, index) => {
      const agent = client(ports.rpc)
      for (let call = 0; call < callsEach; call++) {
        const items = Array.from({ length: samplesEach }, (_, i) =>
          item({ endpoint: `h${index}`, metric: `m${i}`, timestamp: timestamp + 60 * call }),
        )
        expect(await agent.update(items)).toMatchObject({ Total: samplesEach, Invalid: 0 })
      }
    }),
  )
  const expected = connections * callsEach * samplesEach
  for (const one of [judge, graph]) {
    const arrived = one.taken()
    const keys = arrived.map(({ series, timestamp }) => `${series.endpoint}/${series.metric}/${timestamp}`)
    expect(new Set(keys).size).toBe(expected)
    expect(arrived.length).toBe(expected)
  }
  expect(await counter('RecvCnt')).toBe(expected)
  expect(await counter('SendToJudgeCnt')).toBe(expected)
  expect(await counter('SendToGraphCnt')).toBe(expected)
})

test('each series goes to one node of a ring, and to every address of that node', async () => {
  const [a, b, c] = await Promise.all([peer(), peer(), peer()])
  const graph = await peer()
  const { ports, get } = await stand({
    clusters: {
      judge: { 'judge-00': address(a), 'judge-01': `${address(b)}, ${address(c)}` },
      graph: { 'graph-00': address(graph) },
    },
  })
  await vi.waitFor(async () => expect(await get('/destinations')).toHaveLength(4))
  const items = Array.from({ length: 500 }, (_, i) => item({ metric: `m${i}`, value: i }))
  expect(await client(ports.rpc).update(items)).toMatchObject({ Invalid: 0 })
  await vi.waitFor(async () => expect(await cached(get)).toBe(0), 10_000)
  const [atA, atB, atC] = [a, b, c].map((one) => values(one.taken()).toSorted((x, y) => x - y)) as [
    number[],
    number[],
    number[],
  ]
  expect(atB).toEqual(atC)
  expect([...atA, ...atB].toSorted((x, y) => x - y)).toEqual(items.map(({ value }) => value))
  expect(Math.min(atA.length, atB.length)).toBeGreaterThan(100)
  expect(graph.taken()).toHaveLength(500)
})

test('while a judge is away its samples are on disk before the call is answered; they reach it in order, across a restart', async () => {
  const graph = await peer()
  const judgePort = await freePort()
  const clusters = {
    judge: { 'judge-00': `127.0.0.1:${judgePort}` },
    graph: { 'graph-00': address(graph) },
  }
  const first = await stand({ clusters })
  const agent = client(first.ports.rpc)
  for (let i = 0; i < 5; i++)
    expect(await agent.update([item({ value: i, timestamp: timestamp + 60 * i })])).toMatchObject({ Invalid: 0 })
  await vi.waitFor(async () => expect(await first.counter('SendToGraphCnt')).toBe(5), 10_000)
  expect(await first.counter('JudgeSendCacheCnt')).toBe(5)
  await first.stop()

  const second = await stand({ clusters })
  const judge = await peer({ port: judgePort })
  const later = client(second.ports.rpc)
  expect(await later.update([item({ value: 5, timestamp: timestamp + 300 })])).toMatchObject({ Invalid: 0 })
  await vi.waitFor(async () => expect(await second.counter('JudgeSendCacheCnt')).toBe(0), 10_000)
  expect(values(judge.taken())).toEqual([0, 1, 2, 3, 4, 5])
})

test('a peer that never answers holds up no agent for long', async () => {
  const never = new Promise<never>(() => undefined)
  const judge = await peer({ take: () => never })
  const graph = await peer()
  const { ports, counter, get } = await stand({
    clusters: { judge: { 'judge-00': address(judge) }, graph: { 'graph-00': address(graph) } },
  })
  await vi.waitFor(async () => expect(await get('/destinations')).toMatchObject([{ connected: true }, {}]), 10_000)
  expect(await client(ports.rpc).update([item()])).toMatchObject({ Invalid: 0 })
  expect(await counter('JudgeSendCacheCnt')).toBe(1)
})

test('when neither peer nor disk takes a sample the call fails, so that the agent keeps it', async () => {
  const graph = await peer()
  const judge = { port: await freePort() }
  const { ports, counter } = await stand({
    clusters: { judge: { 'judge-00': address(judge) }, graph: { 'graph-00': address(graph) } },
  })
  // A file where the folder was: every append fails, as on a full or vanished disk.
  const [name = ''] = readdirSync(join(dir, 'judge'))
  const folder = join(dir, 'judge', name)
  renameSync(folder, `${folder}.away`)
  writeFileSync(folder, '')
  const restore = () => {
    rmSync(folder)
    renameSync(`${folder}.away`, folder)
  }
  opened.push(restore)
  await expect(client(ports.rpc).update([item(), item({ metric: 'm2' })])).rejects.toThrow('Cannot keep the samples')
  expect(await counter('ReturnedCnt')).toBe(2)
  expect(await counter('SendToJudgeFailCnt')).toBe(2)
})

test('samples in the spool of a removed node go to whoever owns their series now', async () => {
  const gone = { port: await freePort() }
  const graph = await peer()
  const before = await stand({
    clusters: {
      judge: { 'judge-00': address(gone) },
      graph: { 'graph-00': address(gone), 'graph-01': address(graph) },
    },
  })
  const items = Array.from({ length: 200 }, (_, i) => item({ metric: `m${i}`, value: i }))
  expect(await client(before.ports.rpc).update(items)).toMatchObject({ Invalid: 0 })
  const waiting = await before.counter('GraphSendCacheCnt')
  expect(waiting).toBeGreaterThan(20)
  await before.stop()
  const direct = values(graph.taken())

  const judge = await peer()
  const after = await stand({
    clusters: { judge: { 'judge-00': address(judge) }, graph: { 'graph-01': address(graph) } },
  })
  await vi.waitFor(() => {
    const all = [...direct, ...values(graph.taken())]
    direct.splice(0, direct.length, ...all)
    expect(all.toSorted((x, y) => x - y)).toEqual(items.map(({ value }) => value))
  }, 10_000)
  await vi.waitFor(() => expect(readdirSync(join(dir, 'graph'))).toHaveLength(1), 10_000)
  expect(values(judge.taken())).toHaveLength(200)
  expect(await (await fetch(`http://127.0.0.1:${after.ports.http}/health?detail`)).json()).toMatchObject({
    data: { notices: [] },
  })
})

test('the counters balance after a random mix of good and bad input by every entrance', async () => {
  const { ports, get, counter, judge } = await peeredStand()
  const agent = client(ports.rpc)
  const pool: unknown[] = [
    item(),
    item({ metric: 'other', tags: 'b=2,a=1', counterType: 'COUNTER' }),
    item({ value: '1_0' }),
    null,
    {},
    item({ endpoint: '' }),
    item({ metric: 'kernel.hostname' }),
    item({ step: 0 }),
    item({ value: 'x' }),
    item({ counterType: 'gauge' }),
    item({ metric: 'x'.repeat(511) }),
    item({ endpoint: 'x'.repeat(1025) }),
    item({ step: 2 ** 33 }),
  ]
  let sent = 0
  let seed = 7
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
  for (let round = 0; round < 30; round++) {
    const items = Array.from({ length: random(20) }, () => pool[random(pool.length)])
    const body = JSON.stringify(random(4) === 0 ? [...items, { step: '60' }] : items)
    const count = (JSON.parse(body) as unknown[]).length
    sent += count
    if (round % 2 === 0)
      await agent.update(JSON.parse(body)).catch((error: Error) => expect(error.message).toContain('unmarshal'))
    else await fetch(`http://127.0.0.1:${ports.http}/api/push`, { method: 'POST', body })
  }
  const lines = ['update h t 1790000040 1', 'update h t 1790000100 x', 'hello', 'update h t -5 1', 'quit']
  const socket = connect(ports.socket, '127.0.0.1')
  socket.write(`${lines.join('\n')}\n`)
  socket.resume()
  await once(socket, 'close')
  sent += 3

  const received = await counter('RecvCnt')
  expect((await counter('RpcRecvCnt')) + (await counter('HttpRecvCnt')) + (await counter('SocketRecvCnt'))).toBe(
    received,
  )
  expect(received).toBeGreaterThan(0)
  expect(await counter('SocketRecvCnt')).toBe(1)
  expect(received + (await counter('RejectedCnt'))).toBe(sent)
  const reasons = (await get('/rejected')) as Record<string, { count: number; examples: { peer: string }[] }>
  expect(Object.values(reasons).reduce((sum, { count }) => sum + count, 0)).toBe(await counter('RejectedCnt'))
  expect(Object.keys(reasons)).toEqual(
    expect.arrayContaining(['null item', 'step not positive', 'malformed call', 'telnet: not a value']),
  )
  for (const { examples } of Object.values(reasons)) expect(examples[0]?.peer).toMatch(/127\.0\.0\.1/)
  for (const destination of (await get('/destinations')) as Record<string, number & Record<string, number>>[]) {
    const { delivered = 0, refused = 0, returned = 0, queued = 0, inFlight = 0 } = destination
    const { spooled, dropped } = destination as unknown as Record<string, Record<string, number>>
    const lost = (dropped?.['size'] ?? 0) + (dropped?.['age'] ?? 0) + (dropped?.['corrupt'] ?? 0)
    expect(delivered + refused + returned + queued + inFlight + lost + (spooled?.['items'] ?? 0)).toBe(received)
  }
  expect(judge.taken()).toHaveLength(received)
})

test('samples that neither peer nor disk takes are left to their sender, and an operator is told why', async () => {
  const clusters = { judge: { a: '127.0.0.1:1' }, graph: { a: '127.0.0.1:1' } }
  const { ports, get } = await stand({ clusters, members: { spool: { dir, maxBytes: 2 ** 20 } } })
  const items = Array.from({ length: 4000 }, (_, i) => item({ metric: `${i}.${'m'.repeat(400)}` }))
  await expect(client(ports.rpc).update(items)).rejects.toThrow('send them again')
  const { notices } = (await get('/health?detail')) as { notices: string[] }
  expect(notices).toHaveLength(2)
  expect(notices[0]).toMatch(/judge a at 127\.0\.0\.1:1 is away and Cannot spool/)
})

async function cached(get: TransferStand['get']): Promise<number> {
  const rows = (await get('/counter/all')) as { Name: string; Cnt: number }[]
  return rows.filter(({ Name }) => /^(Judge|Graph)SendCacheCnt$/.test(Name)).reduce((sum, { Cnt }) => sum + Cnt, 0)
}
