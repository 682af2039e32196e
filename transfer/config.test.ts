import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mergeReload, projectRoot } from '#lib/module'
import { publicConfig, reloadable } from './config-view.ts'
import { transferConfig, unservedSections } from './config.ts'

/** A file as falcon-plus ships it, with the places of its generator filled in. */
const old = {
  debug: true,
  minStep: 30,
  http: { enabled: true, listen: '0.0.0.0:6060' },
  rpc: { enabled: true, listen: '0.0.0.0:8433' },
  socket: { enabled: true, listen: '0.0.0.0:4444', timeout: 3600 },
  judge: {
    enabled: true,
    batch: 200,
    connTimeout: 1000,
    callTimeout: 5000,
    maxConns: 32,
    maxIdle: 32,
    replicas: 500,
    cluster: { 'judge-00': '127.0.0.1:6080' },
  },
  graph: {
    enabled: true,
    batch: 200,
    connTimeout: 1000,
    callTimeout: 5000,
    maxConns: 32,
    maxIdle: 32,
    replicas: 500,
    cluster: { 'graph-00': '10.0.0.1:6070, 10.0.0.2:6070' },
  },
  tsdb: { enabled: false, batch: 200, retry: 3, address: '127.0.0.1:8088' },
  transfer: { enabled: true, retry: 3, cluster: { t1: '127.0.0.1:18433' } },
  influxdb: { enabled: false, username: 'admin', password: '123456', db: 'foo', address: 'http://127.0.0.1:8086' },
  p8s_relay: { enabled: true, notSyncMetrics: ['gpu.'], cluster: { 'p8s-relay-00': '192.168.1.1:8080' } },
}

test('an old file is taken as it is, and what is not served of it is known by name', () => {
  const config = transferConfig.parse(old)
  expect(config).toMatchObject(old)
  expect(unservedSections(config)).toEqual(['p8s_relay'])
})

test('an old gateway, with both rings off, is taken as it is', () => {
  const off = { enabled: false, cluster: { a: '%%JUDGE_RPC%%' } }
  const gateway = { ...old, judge: off, graph: off, transfer: { ...old.transfer, enabled: true } }
  expect(transferConfig.parse(gateway)).toMatchObject(gateway)
})

test('the shipped example is what an empty file means', () => {
  const example: unknown = JSON.parse(readFileSync(join(projectRoot, 'transfer/cfg.example.json'), 'utf8'))
  expect(transferConfig.parse(example)).toEqual(transferConfig.parse({}))
})

test('what cannot work is named with its key', () => {
  const problems = (members: object) => {
    const checked = transferConfig.safeParse({ ...old, ...members })
    return checked.success ? [] : checked.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  }
  const judge = (cluster: Record<string, string>) => problems({ judge: { ...old.judge, cluster } })
  expect(problems({})).toEqual([])
  expect(judge({})).toEqual(['judge.cluster: needs at least one node while enabled'])
  expect(judge({ a: 'host:6080,nowhere' })).toEqual(['judge.cluster: a: "nowhere" is not host:port'])
  expect(judge({ a: ':6080' })).toEqual(['judge.cluster: a: ":6080" is not host:port'])
  expect(judge({ a: '127.0.0.1:8433' })).toEqual(["judge.cluster.a: is this transfer's own rpc.listen"])
  expect(judge({ a: '10.0.0.9:8433' })).toEqual([])
  expect(problems({ judge: { ...old.judge, enabled: false, cluster: {} } })).toEqual([])
  expect(problems({ judge: { ...old.judge, enabled: false, cluster: { a: '%%JUDGE_RPC%%' } } })).toEqual([])
  const off = { judge: { enabled: false }, graph: { enabled: false } }
  const sinks = { tsdb: {}, transfer: {}, influxdb: {}, p8s_relay: {} }
  expect(problems({ ...off, ...sinks }).join()).toMatch(/^judge.enabled: .* go nowhere$/)
  expect(problems({ ...off, ...sinks, p8s_relay: old.p8s_relay }).join()).toMatch(/^judge.enabled: .* go nowhere$/)
  expect(problems({ ...off, ...sinks, influxdb: { enabled: true } })).toEqual([])
  expect(problems({ transfer: { enabled: true } })).toEqual([
    'transfer.cluster: needs at least one address while enabled',
  ])
  expect(problems({ transfer: { enabled: true, cluster: { t1: '127.0.0.1:8433' } } })).toEqual([
    "transfer.cluster.t1: is this transfer's own rpc.listen",
  ])
  expect(problems({ transfer: { enabled: true, cluster: { t1: '%%TRANSFER_RPC%%' } } })).toEqual([
    'transfer.cluster: t1: "%%TRANSFER_RPC%%" is not host:port',
  ])
  expect(problems({ tsdb: { enabled: true, address: 'a:1, b' } })).toEqual(['tsdb.address: "b" is not host:port'])
  expect(problems({ influxdb: { enabled: true, address: '127.0.0.1:8086' } })).toEqual([
    'influxdb.address: "127.0.0.1:8086" is not http://host:port',
  ])
  expect(problems({ p8s_relay: { enabled: true, url: 'ftp://x' } })).toEqual([
    'p8s_relay.url: "ftp://x" is not an http:// address',
  ])
})

test('/config masks secrets and lists the addresses of each node', () => {
  const shown = publicConfig(transferConfig.parse({ ...old, token: 'let-me-in' }))
  expect(JSON.stringify(shown)).not.toMatch(/123456|let-me-in/)
  expect(shown).toMatchObject({
    token: '***',
    influxdb: { username: 'admin', password: '***' },
    graph: { clusterList: { 'graph-00': { addrs: ['10.0.0.1:6070', '10.0.0.2:6070'] } } },
  })
})

test('a reload tells what counts at once from what needs a restart', () => {
  const before = transferConfig.parse(old)
  const after = transferConfig.parse({
    ...old,
    minStep: 60,
    trusted: ['10.0.0.9'],
    http: { ...old.http, listen: '127.0.0.1:6061', pushFrom: 'any' },
    graph: { ...old.graph, cluster: { 'graph-01': '10.0.0.1:6070' } },
  })
  expect(mergeReload(before, after, reloadable).changes).toEqual({
    applied: ['minStep', 'trusted', 'http.pushFrom'],
    needsRestart: ['http.listen', 'graph.cluster.graph-00', 'graph.cluster.graph-01'],
  })
})
