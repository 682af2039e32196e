import { connect } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { startStand } from '../graph-query.contract.ts'
import type { SentSample } from '../graph-query.contract.ts'

const now = 1_795_191_000
const base = now - (now % 60)
const load = (endpoint: string, metric: string, minutes: number, value: number, tags = ''): SentSample => ({
  endpoint,
  metric,
  tags,
  timestamp: base - minutes * 60,
  value,
})
const range = `start=${base - 180}&end=${base}`

async function startWithSamples(config: Record<string, unknown> = {}) {
  const stand = await startStand({ now: () => now, config })
  await stand.send([
    load('h1', 'load', 3, 1 / 3),
    load('h1', 'load', 1, 5e-324),
    load('h1', 'load', 0, Infinity),
    load('h1', 'df', 1, -0.1, 'fstype=ext4,mount=/a b'),
    load('h,2', 'load', 2, 7),
  ])
  return stand
}

test('CSV has a line for each known point, exact values, and quotes where they are needed', async () => {
  const stand = await startWithSamples()
  const answer = await stand.get(`/export?endpoint=h1&endpoint=h,2&counter=load&${range}`)
  expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8')
  expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="h1_${base - 180}_${base}.csv"`)
  expect(answer.text.split('\n')).toEqual([
    'endpoint,counter,time,value',
    `h1,load,${base - 180},0.3333333333333333`,
    `h1,load,${base - 60},5e-324`,
    `h1,load,${base},Infinity`,
    `"h,2",load,${base - 120},7`,
    '',
  ])
  const iso = await stand.get(`/export?endpoint=h%2C2&counter=load&time=iso&${range}`)
  expect(iso.text).toContain(`"h,2",load,${new Date((base - 120) * 1000).toISOString().slice(0, 19)}Z,7`)
})

test('JSON and JSON lines have the shape of history with exact values; without counter all that fit are exported', async () => {
  const stand = await startWithSamples()
  const url = `/export?endpoint=h1&${range}`
  const whole = (await stand.get(`${url}&format=json`)).json as { counter: string; Values: { value: number }[] }[]
  expect(whole.map(({ counter }) => counter).toSorted()).toEqual(['df/fstype=ext4,mount=/a b', 'load'])
  const lines = (await stand.get(`${url}&format=jsonl&q=lo.d`)).text.trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      endpoint: 'h1',
      counter: 'load',
      dstype: 'GAUGE',
      step: 60,
      Values: [
        { timestamp: base - 180, value: 1 / 3 },
        { timestamp: base - 120, value: null },
        { timestamp: base - 60, value: 5e-324 },
        { timestamp: base, value: null },
      ],
    },
  ])
  expect((await stand.get(`${url}&format=jsonl&q=nothing`)).text).toBe('')
  expect((await stand.get(`${url}&format=json&q=nothing`)).json).toEqual([])
})

test('what is wrong with a call is said before anything is written', async () => {
  const stand = await startWithSamples({ query: { listen: '127.0.0.1:0', mostSeries: 3, mostDays: 10 } })
  const bad: [string, RegExp][] = [
    [range, /endpoint is missing/],
    [`endpoint=h1&start=x&end=2`, /start is not a number: "x"/],
    [`endpoint=h1&${range}&format=xml`, /format must be csv, json or jsonl, got "xml"/],
    [`endpoint=h1&${range}&time=local`, /time must be unix or iso, got "local"/],
    [`endpoint=h1&${range}&consol_fun=LAST`, /consol_fun must be AVERAGE, MAX or MIN, got "LAST"/],
    [`endpoint=h1&${range}&q=(`, /regular expression "\(" is not valid/],
    [`endpoint=h1&start=${base - 11 * 86_400}&end=${base}`, /11 days in one call, at most 10 are allowed/],
    [`endpoint=h1&counter=a&counter=b&counter=c&counter=d&${range}`, /4 series in one call, at most 3 are allowed/],
  ]
  for (const [query, reason] of bad) {
    const answer = await stand.get(`/export?${query}`)
    expect(answer.status, query).toBe(400)
    expect((answer.json as { error: string }).error).toMatch(reason)
  }
})

test('who asks for much and reads nothing is given up', async () => {
  const stand = await startStand({
    now: () => now,
    config: { query: { listen: '127.0.0.1:0', timeoutSeconds: 1 } },
  })
  const points = Array.from({ length: 20_000 }, (_, i) => load('h', 'm', i, i + 1 / 3))
  await stand.send(points)
  const names = Array.from({ length: 50 }, () => 'counter=m').join('&')
  const socket = connect(Number(new URL(stand.url).port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => undefined)
  socket.pause()
  socket.write(
    `GET /api/v1/graph/export?endpoint=h&${names}&start=${base - 1_200_000}&end=${base} HTTP/1.1\r\nHost: x\r\n\r\n`,
  )
  const brokenOff = async () => {
    const rows = (await (await fetch(`${stand.internalUrl}/counter/all`)).json()) as { Name: string; Cnt: number }[]
    return rows.find(({ Name }) => Name === 'ExportBrokenOffCnt')?.Cnt
  }
  expect(await brokenOff()).toBe(0)
  await vi.waitFor(async () => expect(await brokenOff()).toBe(1), 20_000)
}, 30_000)

test('info says what a series is, what is kept of it and when it was last heard', async () => {
  const stand = await startWithSamples()
  const answer = await stand.post('/info', [
    { endpoint: 'h1', counter: 'load' },
    { endpoint: 'h1', counter: 'nothing' },
  ])
  expect(answer.json).toEqual([
    {
      endpoint: 'h1',
      counter: 'load',
      consolFun: 'GAUGE',
      step: 60,
      filename: expect.stringMatching(/^[0-9a-f]{2}\/[0-9a-f]{32}_GAUGE_60\.rrd$/) as string,
      last: base,
      node: '',
      archives: [
        { steps: 1, rows: 720 },
        { steps: 5, rows: 576 },
        { steps: 20, rows: 504 },
        { steps: 180, rows: 766 },
        { steps: 720, rows: 730 },
      ],
    },
  ])
})
