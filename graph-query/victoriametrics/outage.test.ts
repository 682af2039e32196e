import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { base, now } from '../engine.contract.ts'
import { startStand } from '../graph-query.contract.ts'
import type { SentSample, Stand } from '../graph-query.contract.ts'
import { serverForTest, storedIn } from './victoriametrics.contract.ts'

const counts = async (stand: Stand) => {
  const rows = (await stand.get(`${stand.internalUrl}/counter/all`)).json as { Name: string; Cnt: number }[]
  return Object.fromEntries(rows.map(({ Name, Cnt }) => [Name, Cnt]))
}
const notices = async (stand: Stand) =>
  ((await stand.get(`${stand.internalUrl}/health?detail`)).json as { notices: string[] }).notices
const minuteOf = (round: number): SentSample[] =>
  Array.from({ length: 500 }, (_, i) => ({
    endpoint: `host${i % 5}`,
    metric: `m${i}`,
    timestamp: base - round * 60,
    value: round * 1000 + i,
  }))

test('while the server is away samples are sent back, and taken again when it is back', async () => {
  const server = await serverForTest()
  const stand = await startStand({ now: () => now, config: storedIn(server.url, { timeout: 1000 }) })
  await stand.send(minuteOf(1))
  await server.kill()
  await expect(stand.send(minuteOf(2))).rejects.toThrow('Cannot store samples')
  expect(await notices(stand)).toContainEqual(expect.stringContaining('Cannot store samples'))
  const body = { hostnames: ['host1'], counters: ['m1'], consol_fun: 'AVERAGE', start_time: base - 60, end_time: base }
  const answer = await stand.post('/history', body)
  expect(answer.headers.get('x-falcon-incomplete')).toBe('victoriametrics')
  expect(await stand.get('/endpoint?q=.')).toMatchObject({ status: 503 })
  expect(await stand.post('/endpoint', ['host1'], 'DELETE')).toMatchObject({ status: 503 })
  await server.start()
  expect(await stand.send(minuteOf(2))).toEqual({ taken: 500, refused: 0 })
  await vi.waitFor(async () => expect(await notices(stand)).toEqual([]), 10_000)
  expect(await counts(stand)).toMatchObject({ GraphRpcRecvCnt: 1500, StoredCnt: 1000, ReturnedCnt: 500 })
})

test(
  'SIGKILL at the moment of an acknowledgement loses nothing: what came last is written again',
  { timeout: 60_000 },
  async () => {
    const server = await serverForTest()
    const stand = await startStand({ now: () => now, config: storedIn(server.url) })
    for (let round = 1; round <= 3; round++) {
      await stand.send(minuteOf(round))
      await server.kill()
      await server.start()
      await vi.waitFor(async () => expect((await counts(stand))['RewrittenCnt']).toBeGreaterThanOrEqual(500 * round), {
        timeout: 20_000,
      })
    }
    await vi.waitFor(async () => expect(await notices(stand)).toEqual([]), 10_000)
    await server.flush()
    const answer = await stand.post('/history', {
      hostnames: Array.from({ length: 5 }, (_, i) => `host${i}`),
      counters: Array.from({ length: 500 }, (_, i) => `m${i}`),
      consol_fun: 'AVERAGE',
      start_time: base - 180,
      end_time: base - 60,
    })
    const elements = answer.json as { counter: string; Values: { value: number }[] }[]
    expect(elements).toHaveLength(500)
    for (const { counter, Values } of elements) {
      const i = Number(counter.slice(1))
      expect(Values.map(({ value }) => value)).toEqual([3000 + i, 2000 + i, 1000 + i])
    }
  },
)

test('a batch that the server calls wrong is counted and not kept; one that it cannot take now is', async () => {
  const answers = [
    { status: 400, what: 'refused' },
    { status: 413, what: 'refused' },
    { status: 401, what: 'kept' },
    { status: 404, what: 'kept' },
    { status: 429, what: 'kept' },
    { status: 503, what: 'kept' },
  ]
  let status = 204
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => response.writeHead(status).end())
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await vi.waitFor(() => expect(server.listening).toBe(true))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const stand = await startStand({ now: () => now, config: storedIn(url, { rewriteSeconds: 0 }) })
  const samples = minuteOf(1).slice(0, 10)
  let refused = 0
  let kept = 0
  for (const answer of answers) {
    ;({ status } = answer)
    if (answer.what === 'kept') {
      await expect(stand.send(samples)).rejects.toThrow(String(status))
      kept += 10
    } else {
      expect(
        await stand.send([...samples, { ...minuteOf(1)[0], endpoint: "it's", metric: 'm', timestamp: base, value: 1 }]),
      ).toEqual({
        taken: 0,
        refused: 11,
      })
      refused += 10
    }
    expect(await counts(stand)).toMatchObject({ 'Refused.rejected': refused, ReturnedCnt: kept, StoredCnt: 0 })
  }
})

test('addresses of a cluster and a password are used as they are configured, and the password is not shown', async () => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization}`)
    request.resume()
    request.on('end', () => response.end('{"data":[{"endpoint":"h","counter":"c","dstype":"GAUGE","step":"60"}]}'))
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await vi.waitFor(() => expect(server.listening).toBe(true))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const stand = await startStand({
    now: () => now,
    config: {
      storage: { engine: 'victoriametrics' },
      victoriametrics: {
        write: `${url}/insert/7/prometheus/api/v1/write`,
        read: `${url}/select/7/prometheus`,
        username: 'falcon',
        password: 'feather',
        rewriteSeconds: 0,
      },
    },
  })
  await stand.send(minuteOf(1))
  expect((await stand.post('/endpoint', ['h'], 'DELETE')).json).toEqual({ affected_counter: 1, affected_endpoint: 1 })
  const credentials = `Basic ${Buffer.from('falcon:feather').toString('base64')}`
  expect(asked).toEqual([
    `/insert/7/prometheus/api/v1/write ${credentials}`,
    `/select/7/prometheus/api/v1/series ${credentials}`,
    `/delete/7/prometheus/api/v1/admin/tsdb/delete_series ${credentials}`,
  ])
  expect((await stand.get(`${stand.internalUrl}/config`)).text).not.toContain('feather')
})
