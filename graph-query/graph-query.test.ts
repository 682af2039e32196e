import { readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from '#lib/config'
import { graphQueryConfig } from './config.ts'
import { startStand, temporaryDir } from './graph-query.contract.ts'
import type { SentSample, Stand } from './graph-query.contract.ts'

const now = 1_795_191_000
const base = now - (now % 60)
const load = (timestamp: number, value: number, more: Partial<SentSample> = {}): SentSample => ({
  endpoint: 'h1',
  metric: 'load',
  timestamp,
  value,
  ...more,
})
const start = () => startStand({ now: () => now })

async function history(stand: Stand, body: Record<string, unknown>) {
  return stand.post('/history', {
    hostnames: ['h1'],
    counters: ['load'],
    consol_fun: 'AVERAGE',
    start_time: base - 180,
    end_time: base,
    ...body,
  })
}

test('what a transfer sends is acknowledged, stored and answered with six decimals', async () => {
  const stand = await start()
  const ack = await stand.send([load(base - 180, 0.1), load(base - 60, 97.5), load(base, 1 / 3)])
  expect(ack).toEqual({ taken: 3, refused: 0 })
  expect((await history(stand, {})).text).toBe(
    `[{"endpoint":"h1","counter":"load","dstype":"GAUGE","step":60,"Values":[` +
      `{"timestamp":${base - 180},"value":0.100000},{"timestamp":${base - 120},"value":null},` +
      `{"timestamp":${base - 60},"value":97.500000},{"timestamp":${base},"value":0.333333}]}]\n`,
  )
})

test('a series nobody knows is left out, or empty when the call names a step; hosts come outer, counters inner', async () => {
  const stand = await start()
  await stand.send([load(base, 1), load(base, 2, { endpoint: 'h2' }), load(base, 3, { metric: 'mem', tags: 'a=1' })])
  const body = { hostnames: ['h1', 'h2'], counters: ['mem/a=1', 'load'] }
  const names = async (more: object) =>
    ((await history(stand, { ...body, ...more })).json as { endpoint: string; counter: string }[]).map(
      ({ endpoint, counter }) => `${endpoint} ${counter}`,
    )
  expect(await names({})).toEqual(['h1 mem/a=1', 'h1 load', 'h2 load'])
  expect(await names({ step: 60 })).toEqual(['h1 mem/a=1', 'h1 load', ' ', 'h2 load'])
  expect((await history(stand, { hostnames: ['h9'], step: 60 })).text).toBe(
    '[{"endpoint":"","counter":"","dstype":"","step":0,"Values":[]}]\n',
  )
})

test('infinity is null, a huge value keeps all digits, a window inside of a step is empty', async () => {
  const stand = await start()
  await stand.send([load(base - 60, Infinity), load(base, 1e22)])
  expect((await history(stand, { start_time: base - 60 })).text).toContain(
    `{"timestamp":${base - 60},"value":null},{"timestamp":${base},"value":10000000000000000000000.000000}`,
  )
  expect((await history(stand, { start_time: base + 1, end_time: base + 59 })).json).toMatchObject([{ Values: [] }])
  expect((await history(stand, { start_time: base, end_time: base - 600 })).json).toMatchObject([{ Values: [] }])
  expect((await history(stand, { start_time: base, end_time: base })).json).toMatchObject([{ Values: [] }])
})

test('an unknown consolidation answers raw points, as it always has', async () => {
  const stand = await start()
  await stand.send([load(base, 5)])
  const ofRange = async (from: number) =>
    ((await history(stand, { consol_fun: 'LAST', start_time: from })).json as { Values: unknown[] }[])[0]?.Values
  expect(await ofRange(base - 1)).toEqual([{ timestamp: base, value: 5 }])
  expect(await ofRange(base - 60 * 86_400)).toEqual([])
})

test('bad questions are answered with 400 and what is wrong', async () => {
  const stand = await start()
  const bodies: [unknown, RegExp][] = [
    ['', /EOF/],
    ['{"hostnames":', /not valid JSON/],
    ['[]', /must be a JSON object/],
    [{ hostnames: ['h'] }, /counters, consol_fun, start_time, end_time missing/],
    [{ hostnames: 'h', counters: ['c'], consol_fun: 'MAX', start_time: 1, end_time: 2 }, /arrays of strings/],
    [{ hostnames: ['h'], counters: ['c'], consol_fun: 'MAX', start_time: '1', end_time: 2 }, /start_time/],
    [{ hostnames: ['h'], counters: ['c'], consol_fun: 'MAX', start_time: 1, end_time: 1e13 }, /hundred years/],
  ]
  for (const [body, reason] of bodies) {
    const answer = await stand.post('/history', body)
    expect(answer.status, String(reason)).toBe(400)
    expect((answer.json as { error: string }).error).toMatch(reason)
  }
  const many = Array.from({ length: 101 }, (_, i) => `h${i}`)
  const crowd = await history(stand, { hostnames: many, counters: many })
  expect(crowd).toMatchObject({ status: 400 })
  expect(crowd.text).toMatch(/10201 series in one call, at most 10000/)
  expect((await stand.get('/nothing')).status).toBe(404)
})

test('member names in any case are understood', async () => {
  const stand = await start()
  await stand.send([load(base, 5)])
  const answer = await stand.post(
    '/history',
    `{"HostNames":["h1"],"Counters":["load"],"Consol_Fun":"AVERAGE","START_TIME":${base - 1},"end_time":${base}}`,
  )
  expect(answer.json).toMatchObject([{ endpoint: 'h1', Values: [{ value: 5 }] }])
})

test('last points: the value of a gauge, the rate of a counter if its points are neighbours', async () => {
  const stand = await start()
  const counter = (metric: string, timestamp: number, value: number) =>
    load(timestamp, value, { metric, counterType: 'COUNTER' })
  await stand.send([
    load(base, 42.5),
    counter('steady', base - 60, 60),
    counter('steady', base, 180),
    counter('reset', base - 60, 60),
    counter('reset', base, 0),
    counter('gap', base - 120, 60),
    counter('gap', base, 180),
    counter('alone', base, 1),
  ])
  const counters = ['load', 'steady', 'reset', 'gap', 'alone', 'unknown']
  const answer = await stand.post(
    '/lastpoint',
    counters.map((name) => ({ endpoint: 'h1', counter: name })),
  )
  const points = (answer.json as { value: { timestamp: number; value: number } }[]).map(({ value }) => value)
  const none = { timestamp: 0, value: 0 }
  expect(points).toEqual([
    { timestamp: base, value: 42.5 },
    { timestamp: base, value: 2 },
    { timestamp: base, value: 0 },
    none,
    none,
    none,
  ])
  expect(answer.text).toContain('"value":42.500000}')
  expect((await stand.post('/lastpoint', 'null')).text).toBe('[]\n')
  expect((await stand.post('/lastpoint', [{ endpoint: 1 }])).status).toBe(400)
})

test('endpoints and counters are found by regular expressions, negation, parts, pages', async () => {
  const stand = await start()
  const hosts = ['web1.example', 'web2.example', 'db1.example']
  await stand.send(
    hosts.flatMap((endpoint) => [
      load(base, 1, { endpoint, metric: 'cpu.idle' }),
      load(base, 1, { endpoint, metric: 'cpu.busy' }),
      load(base, 1, { endpoint, metric: 'net.in', tags: `iface=${endpoint.startsWith('db') ? 'bond0' : 'eth0'}` }),
    ]),
  )
  const endpoints = async (query: string) =>
    ((await stand.get(`/endpoint?${query}`)).json as { endpoint: string }[]).map(({ endpoint }) => endpoint)
  expect(await endpoints('q=.')).toEqual(hosts)
  expect(await endpoints('q=WEB')).toEqual(hosts.slice(0, 2))
  expect(await endpoints('q=^(web|db)1 example$')).toEqual([hosts[0], hosts[2]])
  expect(await endpoints('q=.&limit=2&page=2')).toEqual([hosts[2]])
  expect(await endpoints('tags=net.in,iface=bond0')).toEqual([hosts[2]])
  expect(await endpoints('q=web&tags=bond0')).toEqual([])
  expect((await stand.get('/endpoint')).json).toEqual({ error: 'q and labels are all missing' })
  expect(await stand.get('/endpoint?q=(')).toMatchObject({ status: 400 })

  const [{ id }] = (await stand.get('/endpoint?q=db')).json as [{ id: number }]
  const counters = async (query: string) =>
    ((await stand.get(`/endpoint_counter?${query}`)).json as { counter: string }[]).map(({ counter }) => counter)
  expect((await stand.get(`/endpoint_counter?eid=${id}&metricQuery=idle`)).json).toEqual([
    { counter: 'cpu.idle', endpoint_id: id, step: 60, type: 'GAUGE' },
  ])
  expect(await counters(`eid=${id}`)).toEqual(['cpu.idle', 'cpu.busy', 'net.in/iface=bond0'])
  expect(await counters(`eid=[${id}]&metricQuery=${encodeURIComponent('cpu !busy$')}`)).toEqual(['cpu.idle'])
  expect(await counters(`eid=${id}&limit=1&page=3`)).toEqual(['net.in/iface=bond0'])
  expect((await stand.get('/endpoint_counter')).json).toEqual({ error: 'eid is missing' })
  expect(await stand.get('/endpoint_counter?eid=x')).toMatchObject({ status: 400 })
  expect(await stand.get(`/endpoint_counter?eid=${id}&limit=x`)).toMatchObject({ status: 400 })

  const known = await stand.get(`/endpointobj?endpoints=${hosts[0]}&endpoints=nobody&deadline=${base}`)
  expect(known.json).toEqual([{ endpoint: hosts[0], id: expect.any(Number) as number, ts: base }])
  expect((await stand.get(`/endpointobj?endpoints=${hosts[0]}&deadline=${base + 1}`)).json).toEqual([])
  expect((await stand.get('/endpointobj')).json).toEqual({ error: 'endpoints missing' })
})

test('a costly regular expression stalls nobody', async () => {
  const stand = await start()
  await stand.send(Array.from({ length: 200 }, (_, i) => load(base, 1, { endpoint: `${'a'.repeat(200)}${i}` })))
  const answer = await stand.get(`/endpoint?q=${encodeURIComponent('(a+)+$')}`)
  expect(answer).toMatchObject({ status: 200, json: [] })
  expect(await stand.get(`/endpoint?q=${encodeURIComponent('((a{100}){100}){100}')}`)).toMatchObject({ status: 400 })
})

test('deletion answers how much went, and what is deleted is no longer found', async () => {
  const stand = await start()
  await stand.send([load(base, 1), load(base, 1, { metric: 'mem' }), load(base, 1, { endpoint: 'h2' })])
  const deleted = await stand.post('/counter', { endpoints: ['h1', 'h2'], counters: ['mem'] }, 'DELETE')
  expect(deleted.json).toEqual({ affected_counter: 1 })
  expect((await stand.post('/endpoint', ['h2', 'h3'], 'DELETE')).json).toEqual({
    affected_counter: 1,
    affected_endpoint: 1,
  })
  expect((await stand.get('/endpoint?q=.')).json).toMatchObject([{ endpoint: 'h1' }])
  // Still being sent: it comes back, with the new point only.
  await stand.send([load(base, 8, { endpoint: 'h2' })])
  expect((await history(stand, { hostnames: ['h2'] })).json).toMatchObject([
    { Values: [{ value: null }, { value: null }, { value: null }, { value: 8 }] },
  ])
})

test('when the disk refuses, health says so until samples are taken again', async () => {
  const dir = temporaryDir()
  const stand = await startStand({ now: () => now, dir })
  symlinkSync('/dev/full', join(dir, 'wal', '0000000001.wal'))
  const sample = { endpoint: 'h', metric: 'm', timestamp: now, value: 1 }
  await expect(stand.send([sample])).rejects.toThrow('ENOSPC')
  const health = async () => (await stand.get(`${stand.internalUrl}/health?detail`)).json
  expect(await health()).toEqual({ status: 'ok', notices: [expect.stringContaining('ENOSPC')] })
  rmSync(join(dir, 'wal', '0000000001.wal'))
  expect(await stand.send([sample])).toEqual({ taken: 1, refused: 0 })
  expect(await health()).toEqual({ status: 'ok', notices: [] })
})

test('the internal port answers in the shapes that monitors read', async () => {
  const stand = await start()
  const get = async (path: string) => (await stand.get(stand.internalUrl + path)).text
  expect(await get('/health')).toBe('ok')
  expect(await get('/api/v2/health')).toBe('{"msg":"ok"}\n')
  expect(JSON.parse(await get('/counter/all'))).toContainEqual(expect.objectContaining({ Name: 'StoredCnt', Cnt: 0 }))
  expect(JSON.parse(await get('/counter/all'))).toContainEqual(
    expect.objectContaining({ Name: 'Refused.limit', Cnt: 0 }),
  )
  expect(JSON.parse(await get('/statistics/all'))).toMatchObject({ msg: 'success', data: expect.any(Array) as unknown })
  expect(await get('/index/updateAll')).toBe('{"msg":"ok"}\n')
  expect(JSON.parse(await get('/config'))).toMatchObject({ data: { token: '' } })
  expect(JSON.parse(await get('/health?detail'))).toEqual({ status: 'ok', notices: [] })
})

test('after a stop and a start everything is there', async () => {
  const first = await startStand({ now: () => now })
  const dir = (await first.get(`${first.internalUrl}/config`)).json as { data: { storage: { dir: string } } }
  await first.send([load(base, 1), load(base - 60, 2)])
  await first.graph.stop()
  const second = await startStand({ now: () => now, dir: dir.data.storage.dir })
  expect((await history(second, { start_time: base - 60 })).json).toMatchObject([
    { Values: [{ value: 2 }, { value: 1 }] },
  ])
})

test('an old configuration file is taken as it is; what is wrong is named', () => {
  const old = {
    debug: false,
    http: { enabled: true, listen: '0.0.0.0:6071' },
    rpc: { enabled: true, listen: '0.0.0.0:6070' },
    rrd: { storage: './data/6070' },
    db: { dsn: 'root:@tcp(127.0.0.1:3306)/graph?loc=Local&parseTime=true', maxIdle: 4 },
    callTimeout: 5000,
    ioWorkerNum: 64,
    migrate: { enabled: false, concurrency: 2, replicas: 500, cluster: { 'graph-00': '127.0.0.1:6070' } },
  }
  expect(graphQueryConfig.parse(old)).toMatchObject({ rpc: { listen: '0.0.0.0:6070' }, query: { enabled: true } })
  expect(graphQueryConfig.safeParse({ cluster: { a: 'b:1' } }).error?.issues).toMatchObject([{ path: ['node'] }])
  const example = new URL('./cfg.example.json', import.meta.url).pathname
  expect(loadConfig(graphQueryConfig, example).unknownKeys).toEqual([])
  expect(graphQueryConfig.parse(JSON.parse(readFileSync(example, 'utf8')))).toEqual(graphQueryConfig.parse({}))
})

test('the ledger tells what is stored of an endpoint, and which points never arrived', async () => {
  const now = 1_790_000_040
  const stand = await startStand({ now: () => now })
  const at = (metric: string, step: number) => ({ endpoint: 'web1', metric, timestamp: now - 60 * step, value: step })
  const silent = [3, 4]
  const samples = Array.from({ length: 11 }, (_, step) => step).filter((step) => !silent.includes(step))
  await stand.send([
    ...samples.map((step) => at('a', step)),
    ...samples.map((step) => at('b', step)),
    at('c', 2),
    at('c', 1),
  ])
  const report = (await stand.get(`${stand.internalUrl}/ledger?since=10m&endpoint=web1`)).json
  expect(report).toMatchObject({
    accounts: [{ account: 'graph-query', received: 20, out: { StoredCnt: 20 }, lost: 0 }],
    endpoint: {
      series: 3,
      'stored points': 18,
      'expected points': 22,
      'never arrived': '4 (2026-09-21T14:10:00Z to 2026-09-21T14:11:00Z)',
    },
  })
  expect((await stand.get(`${stand.internalUrl}/ledger?endpoint=nobody`)).json).toMatchObject({
    endpoint: { 'stored points': 0 },
  })
})

test('the counters are there for Prometheus', async () => {
  const stand = await startStand()
  await stand.send([{ endpoint: 'h', metric: 'm', timestamp: Math.floor(Date.now() / 1000), value: Number.NaN }])
  const answer = await stand.get(`${stand.internalUrl}/metrics`)
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(answer.text).toContain('falcon_graph_query_refused_samples_total{reason="nan"} 1\n')
})
