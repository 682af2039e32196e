import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { configFileOf, standConfig } from '../test/drivers/transfer-stand.ts'
import { address, client, dir, item, peer, peeredStand, stand, timestamp } from './stand.contract.ts'

test('a reload applies what it can, says what needs a restart, and refuses a bad file whole', async () => {
  const options = {
    clusters: { judge: { 'judge-00': '127.0.0.1:1' }, graph: { 'graph-00': '127.0.0.1:1' } },
    members: { judge: { enabled: false } },
  }
  const { ports, get } = await stand(options)
  const config = standConfig({ ...options, dir })
  const reload = async (members: object) => {
    writeFileSync(configFileOf({ dir }), JSON.stringify({ ...config, ...members }))
    return (await fetch(`http://127.0.0.1:${ports.http}/config/reload`, { method: 'POST' })).text()
  }
  const agent = client(ports.rpc)
  const aligned = async () => {
    await get('/trace/h/m')
    await agent.update([item({ step: 10 })])
    return get('/proc/step')
  }
  expect(await aligned()).toEqual({ min_step: 30 })
  expect(await reload({ minStep: 60 })).toBe('{"msg":"success","data":"ok"}')
  expect(await aligned()).toEqual({ min_step: 60 })
  expect(await reload({ minStep: 60, series: { max: 5 } })).toContain('after a restart also: series.max')
  expect(await reload({ minStep: 0 })).toContain('internal error')
  expect(await get('/proc/step')).toEqual({ min_step: 60 })
})

test('a shorter step is raised to the minimum in force, also after it changed', async () => {
  const { ports, graph, reload } = await peeredStand()
  const agent = client(ports.rpc)
  const steps = async () => {
    await agent.update([item({ step: 10, timestamp: timestamp + 59 })])
    return graph.taken().map(({ series, timestamp }) => [series.step, timestamp])
  }
  expect(await steps()).toEqual([[30, timestamp + 30]])
  const clusters = { judge: { a: '127.0.0.1:1' }, graph: { a: '127.0.0.1:1' } }
  expect((await reload(standConfig({ members: { minStep: 120 }, clusters, dir }))).applied).toContain('minStep')
  expect(await steps()).toEqual([[120, timestamp]])
})

test('series beyond the limit are refused by name, known ones go on', async () => {
  const { ports, get } = await peeredStand({ members: { series: { max: 2 } } })
  const agent = client(ports.rpc)
  const items = ['a', 'b', 'c', 'd', 'a'].map((metric) => item({ metric }))
  expect(await agent.update(items)).toMatchObject({ Total: 5, Invalid: 2 })
  expect(await get('/rejected')).toMatchObject({ 'too many series': { count: 2 } })
})

test('relays of an old file are named as not served, and everything else runs', async () => {
  const members = { p8s_relay: { enabled: true, cluster: { 'p8s-relay-00': '192.168.1.1:8080' } } }
  const { ports, get } = await peeredStand({ members })
  expect(await client(ports.rpc).update([item()])).toMatchObject({ Total: 1, Invalid: 0 })
  const { notices } = (await get('/health?detail')) as { notices: string[] }
  expect(notices).toEqual([
    'p8s_relay is enabled but its relays are not served: give p8s_relay.url, an address of Prometheus remote write',
  ])
})

test('a ring that is off may name what is no address, and a spool of it still waits', async () => {
  const graph = await peer()
  const clusters = { judge: { 'judge-00': '%%JUDGE_RPC%%' }, graph: { 'graph-00': address(graph) } }
  mkdirSync(join(dir, 'judge', 'judge-00@10.0.0.1_6080'), { recursive: true })
  const { ports } = await stand({ clusters, members: { judge: { enabled: false } } })
  expect(await client(ports.rpc).update([item()])).toMatchObject({ Total: 1, Invalid: 0 })
  expect(existsSync(join(dir, 'judge', 'judge-00@10.0.0.1_6080'))).toBe(true)
})

test('a port that is taken stops the start with one sentence, and leaves nothing open', async () => {
  const taken = await peer()
  mkdirSync(join(dir, 'spool'))
  const { startTransfer } = await import('./transfer.ts')
  const { createLogger } = await import('#lib/log')
  const options = {
    clusters: { judge: { a: '127.0.0.1:1' }, graph: { a: '127.0.0.1:1' } },
    dir: join(dir, 'spool'),
  }
  const config = standConfig(options)
  const log = createLogger('test', { destination: { write: () => undefined } })
  const start = (listen: string) => startTransfer({ ...config, http: { ...config.http, listen } }, log, '')
  await expect(start(address(taken))).rejects.toThrow(`Cannot listen on ${address(taken)}`)
  const again = await start('127.0.0.1:0')
  // A second transfer on the same spools would send everything twice.
  await expect(start('127.0.0.1:0')).rejects.toThrow('Cannot open spool')
  await again.stop()
})
