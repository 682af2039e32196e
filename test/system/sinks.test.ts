import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFalconClient } from '../drivers/falcon-client.ts'
import type { SentItem } from '../drivers/falcon-client.ts'
import { freePorts, startModule, until } from '../drivers/process.ts'
import type { ModuleProcess } from '../drivers/process.ts'
import { startPeer } from '../drivers/transfer-stand.ts'
import type { Arrived, Peer } from '../drivers/transfer-stand.ts'
import { startVictoriaMetrics } from '../services/index.ts'
import type { VictoriaMetrics } from '../services/index.ts'

/**
 * A gateway as an old `gateway.json` describes it, with all sinks: OpenTSDB lines and the line protocol of InfluxDB go
 * to one VictoriaMetrics, remote write to another, JSON-RPC to a second transfer with a judge and a graph behind it.
 */
const hosts = 5
const metrics = 20
const ticks = 60
const tickMs = 100

let folder = ''
let lines: VictoriaMetrics
let written: VictoriaMetrics
let judge: Peer
let graph: Peer
let central: ModuleProcess
let gateway: ModuleProcess
let gatewayPort = 0

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'falcon-sinks-'))
  const [tsdbPort = 0, centralRpc = 0, centralHttp = 0, gatewayRpc = 0, gatewayHttp = 0] = await freePorts(5)
  gatewayPort = gatewayRpc
  ;[lines, written, judge, graph] = await Promise.all([
    startVictoriaMetrics([`-opentsdbListenAddr=127.0.0.1:${tsdbPort}`]),
    startVictoriaMetrics(),
    startPeer(),
    startPeer(),
  ])
  const off = { enabled: false, batch: 200, connTimeout: 1000, callTimeout: 5000, maxConns: 32, maxIdle: 32 }
  const entrances = (rpc: number, http: number) => ({
    debug: true,
    http: { enabled: true, listen: `127.0.0.1:${http}` },
    rpc: { enabled: true, listen: `127.0.0.1:${rpc}` },
    socket: { enabled: false },
  })
  central = await startModule({
    name: 'transfer',
    folder: join(folder, 'central'),
    httpPort: centralHttp,
    config: {
      ...entrances(centralRpc, centralHttp),
      minStep: 1,
      judge: { enabled: true, cluster: { 'judge-00': `127.0.0.1:${judge.port}` } },
      graph: { enabled: true, cluster: { 'graph-00': `127.0.0.1:${graph.port}` } },
      spool: { dir: join(folder, 'central', 'spool') },
    },
  })
  gateway = await startModule({
    name: 'transfer',
    folder: join(folder, 'gateway'),
    httpPort: gatewayHttp,
    config: {
      ...entrances(gatewayRpc, gatewayHttp),
      minStep: 30,
      judge: { ...off, replicas: 500, cluster: { 'judge-00': '%%JUDGE_RPC%%' } },
      graph: { ...off, replicas: 500, cluster: { 'graph-00': '%%GRAPH_RPC%%' } },
      tsdb: { ...off, enabled: true, retry: 3, address: `127.0.0.1:${tsdbPort}` },
      transfer: { ...off, enabled: true, retry: 3, cluster: { t1: `127.0.0.1:${centralRpc}` } },
      influxdb: {
        enabled: true,
        batch: 200,
        retry: 3,
        maxConns: 32,
        username: 'admin',
        password: '123456',
        precision: 's',
        db: 'foo',
        address: lines.url,
        timeout: 5000,
      },
      p8s_relay: { enabled: true, url: `${written.url}/api/v1/write` },
      spool: { dir: join(folder, 'gateway', 'spool') },
    },
  })
}, 120_000)

afterAll(async () => {
  await Promise.all([gateway?.kill(), central?.kill()])
  await Promise.all([judge?.close(), graph?.close(), lines?.remove(), written?.remove()])
  if (folder !== '') rmSync(folder, { recursive: true, force: true })
})

/** One sample as every store tells it. */
const key = (endpoint: string, metric: string, tags: string, timestamp: number, value: number) =>
  `${endpoint} ${metric} ${tags} ${timestamp} ${value}`

const keyOf = ({ endpoint, metric, tags, timestamp, value }: SentItem) =>
  key(endpoint, metric, tags, timestamp, Number(value))

const arrivedKeys = (arrived: readonly Arrived[]) =>
  arrived.map(({ series: { endpoint, metric, tags }, timestamp, value }) =>
    key(endpoint, metric, tags, timestamp, value),
  )

/** All that a VictoriaMetrics has under names that `name` accepts, which gives the metric's own name. */
async function storedIn(server: VictoriaMetrics, name: (stored: string) => string | undefined): Promise<Set<string>> {
  await server.flush()
  const answer = await fetch(`${server.url}/api/v1/export?match[]={endpoint!=""}&start=0`)
  const found = new Set<string>()
  for (const line of (await answer.text()).split('\n').filter((text) => text !== '')) {
    const {
      metric: labels,
      values,
      timestamps,
    } = JSON.parse(line) as {
      metric: Record<string, string>
      values: number[]
      timestamps: number[]
    }
    const { __name__: stored = '', endpoint = '', db: _db, ...tags } = labels
    const metric = name(stored)
    if (metric === undefined) continue
    const text = Object.entries(tags)
      .map(([tag, value]) => `${tag}=${value}`)
      .toSorted()
      .join(',')
    values.forEach((value, i) => found.add(key(endpoint, metric, text, (timestamps[i] ?? 0) / 1000, value)))
  }
  return found
}

const ofInflux = (stored: string) => (stored.endsWith('_value') ? stored.slice(0, -'_value'.length) : undefined)
const ofTsdb = (stored: string) => (stored.endsWith('_value') ? undefined : stored)

test('what a gateway acknowledges is in every sink, through kills and restarts of both ends', async () => {
  const acknowledged = new Set<string>()
  const atJudge = new Set<string>()
  const atGraph = new Set<string>()
  const firstTime = Math.floor(Date.now() / 1000) - 3600
  let client = createFalconClient(gatewayPort)
  const gather = () => {
    for (const text of arrivedKeys(judge.taken())) atJudge.add(text)
    for (const text of arrivedKeys(graph.taken())) atGraph.add(text)
  }
  /** What happens at which tick, while samples go on. */
  const events: Readonly<Record<number, () => Promise<unknown>>> = {
    10: () => central.kill(),
    20: () => central.restart(),
    25: () => gateway.kill().then(() => gateway.restart()),
    30: () => Promise.all([lines.stop(), written.stop()]),
    40: () => Promise.all([lines.start(), written.start()]),
    45: () => gateway.kill().then(() => gateway.restart()),
  }
  const happening: Promise<unknown>[] = []
  for (let tick = 0; tick < ticks; tick++) {
    const event = events[tick]
    if (event) happening.push(event())
    const items = Array.from({ length: hosts * metrics }, (_, i): SentItem => ({
      endpoint: `host-${Math.floor(i / metrics)}`,
      metric: `sink.m${i % metrics}`,
      value: tick * 1000 + i / 8,
      step: 1,
      counterType: 'GAUGE',
      tags: i % 2 === 0 ? '' : 'disk=sda,mount=/data',
      timestamp: firstTime + tick,
    }))
    // As an agent does: a call that failed is repeated until it is acknowledged.
    for (;;) {
      try {
        await client.call('Transfer.Update', items, 5000)
        break
      } catch {
        client.close()
        await sleep(50)
        client = createFalconClient(gatewayPort)
      }
    }
    for (const item of items) acknowledged.add(keyOf(item))
    gather()
    await sleep(tickMs)
  }
  client.close()
  await Promise.all(happening)
  expect(acknowledged.size).toBe(hosts * metrics * ticks)

  const waiting = async (process: ModuleProcess) => {
    const rows = ((await process.get('/counter/all')) as { data: { Name: string; Cnt: number }[] }).data
    return rows.find(({ Name }) => Name === 'Waiting')?.Cnt
  }
  await until(
    'nothing waits at the gateway',
    () => waiting(gateway),
    (count) => count === 0,
    60_000,
  )
  await until(
    'nothing waits at the next transfer',
    () => waiting(central),
    (count) => count === 0,
    60_000,
  )
  gather()
  const missing = (found: ReadonlySet<string>) => [...acknowledged].filter((text) => !found.has(text))
  expect(missing(atJudge)).toEqual([])
  expect(missing(atGraph)).toEqual([])
  expect(missing(await storedIn(lines, ofTsdb))).toEqual([])
  expect(missing(await storedIn(lines, ofInflux))).toEqual([])
  expect(missing(await storedIn(written, (stored) => stored))).toEqual([])

  const { data } = (await gateway.get('/destinations')) as { data: Record<string, unknown>[] }
  expect(data.map(({ ring }) => ring)).toEqual(['tsdb', 'transfer', 'influxdb', 'p8s_relay'])
  for (const destination of data)
    expect(destination).toMatchObject({ refused: 0, returned: 0, dropped: { size: 0, age: 0, corrupt: 0 } })
})
