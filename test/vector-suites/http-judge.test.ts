import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createLinkClient, createSeriesTable } from '#lib/link'
import type { LinkClient } from '#lib/link'
import { createLogger } from '#lib/log'
import { formatEvent } from '#protocol'
import type { AlarmEvent, Strategy } from '#protocol'
import { judgeConfig } from '../../judge/config.ts'
import { startJudge } from '../../judge/judge.ts'
import type { RunningJudge } from '../../judge/judge.ts'
import { loadVectors } from './load.ts'

// The recording machine's zone; `/history` shows local time.
process.env['TZ'] = 'UTC'

interface Case {
  service: string
  name: string
  request: { method: string; path: string }
  response: { status: number; headers: [string, string][]; body: string }
}
interface Exchange {
  method: string
  request: string
  response: string
}

const cases = loadVectors<{ cases: Case[] }>('http/others.json').cases.filter(({ service }) => service === 'judge')
const { exchanges } = loadVectors<{ exchanges: Exchange[] }>('wire/judge-hbs.json')
const log = createLogger('http-judge', { destination: { write: () => {} } })
const dir = mkdtempSync(join(tmpdir(), 'http-judge-'))
const requests: string[] = []
let hbs: Server
let judge: RunningJudge
let link: LinkClient
const sockets = new Set<Socket>()

/** Answers what the recorded hbs answered, first exchange of each method. */
async function startRecordedHbs(): Promise<Server> {
  const server = createServer((socket) => {
    sockets.add(socket)
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += String(chunk)
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        const line = text.slice(0, end + 1)
        text = text.slice(end + 1)
        requests.push(line)
        const { method, id } = JSON.parse(line) as { method: string; id: number }
        const recorded = exchanges.find((exchange) => exchange.method === method)
        socket.write(recorded?.response.replace(/^\{"id":\d+/, `{"id":${id}`) ?? '')
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

beforeAll(async () => {
  hbs = await startRecordedHbs()
  const file = join(dir, 'cfg.json')
  const config = {
    dir: join(dir, 'judge'),
    staleAfterSeconds: 0,
    hbs: { servers: [`127.0.0.1:${(hbs.address() as AddressInfo).port}`], timeout: 1000, interval: 60 },
    http: { listen: '127.0.0.1:0' },
    rpc: { listen: '127.0.0.1:0' },
    alarm: { enabled: false },
  }
  writeFileSync(file, JSON.stringify(config))
  judge = await startJudge(judgeConfig.parse(config), log, file)
  link = createLinkClient({
    addresses: [`127.0.0.1:${judge.ports.rpc}`],
    module: 'transfer',
    connectTimeoutMs: 1000,
    ackTimeoutMs: 5000,
    log,
  })
  await vi.waitFor(() => expect(link.connected).toBe(true))
  await vi.waitFor(async () => expect((await get('/counter/all')).body).toMatch(/"Name":"rules","Cnt":[1-9]/), 5000)
  for (const one of cases) await pushHistory(one)
  for (const one of cases) if (one.request.path === '/count') await fillTo(Number(/\d+/.exec(one.response.body)?.[0]))
})

afterAll(async () => {
  await link.close()
  await judge.stop()
  sockets.forEach((socket) => socket.destroy())
  await new Promise((resolve) => hbs.close(resolve))
  rmSync(dir, { recursive: true })
})

async function get(path: string) {
  const response = await fetch(`http://127.0.0.1:${judge.ports.http}${path}`)
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text() }
}

const table = createSeriesTable()

async function push(endpoint: string, metric: string, tags: string, points: [number, number][]): Promise<void> {
  await link.send({
    count: points.length,
    series: points.map(() => table.intern(endpoint, metric, tags, 'GAUGE', 60)),
    timestamps: Float64Array.from(points, ([timestamp]) => timestamp),
    values: Float64Array.from(points, ([, value]) => value),
  })
}

/** Pushes the points that a recorded history shows, after one that is too old to be shown. */
async function pushHistory({ request, response }: Case): Promise<void> {
  const [, endpoint, metric, tags = ''] = /^\/history\/([^/]*)\/([^/]*)(?:\/(.*))?$/.exec(request.path) ?? []
  const points = [...response.body.matchAll(/^(\d+) \S+ \S+ (\S+)$/gm)].map((m): [number, number] => [
    Number(m[1]),
    Number(m[2]),
  ])
  const oldest = points.at(-1)
  if (endpoint === undefined || metric === undefined || oldest === undefined) return
  await push(endpoint, metric, tags, [[oldest[0] - 60, 0], ...points.toReversed()])
}

/** Makes judge keep `count` series, by series of a strategy that takes any tags. */
async function fillTo(count: number): Promise<void> {
  const answer = exchanges.find(({ method }) => method === 'Hbs.GetStrategies')?.response ?? ''
  const { result } = JSON.parse(answer) as {
    result: { hostStrategies: { hostname: string; strategies: Strategy[] }[] }
  }
  const [host] = result.hostStrategies
  const any = host?.strategies.find(({ tags }) => Object.keys(tags).length === 0)
  if (!host || !any) throw new Error('the recording has no strategy that takes any tags')
  const present = Number(/\d+/.exec((await get('/count')).body)?.[0])
  for (let i = present; i < count; i++) await push(host.hostname, any.metric, `n=${i}`, [[1_700_000_000, 0]])
}

test('there are recorded cases of judge', () => expect(cases.length).toBeGreaterThan(0))

test.each(cases)('$name', async ({ request, response }) => {
  const seen = await get(request.path)
  const typeOf = (type: string | null | undefined) => type?.toLowerCase()
  expect(seen.status).toBe(response.status)
  expect(typeOf(seen.type)).toBe(typeOf(response.headers.find(([name]) => name === 'Content-Type')?.[1]))
  if (request.path === '/version') return expect(seen.body).toMatch(/^\d+\.\d+\.\d+/)
  if (request.path === '/workdir')
    return expect(JSON.parse(seen.body)).toEqual({ msg: 'success', data: expect.any(String) })
  if (request.path === '/config/reload') return expectSameMembers(JSON.parse(seen.body), JSON.parse(response.body))
  if (typeOf(seen.type)?.startsWith('application/json') === true)
    return expect(JSON.parse(seen.body)).toEqual(JSON.parse(response.body))
  return expect(seen.body).toBe(response.body)
})

/** The values are those of another installation; the members must be there. */
function expectSameMembers(seen: unknown, recorded: unknown): void {
  if (typeof recorded !== 'object' || recorded === null || Array.isArray(recorded)) return
  for (const [name, member] of Object.entries(recorded)) {
    expect(seen).toHaveProperty(name)
    expectSameMembers((seen as Record<string, unknown>)[name], member)
  }
}

test('judge asks hbs with the recorded bytes and understands every rule of the answers', async () => {
  expect(requests.slice(0, 2)).toEqual(
    ['Hbs.GetStrategies', 'Hbs.GetExpressions'].map((name) => exchanges.find(({ method }) => method === name)?.request),
  )
  expect((await get('/counter/all')).body).toMatch(/"Name":"rules.unreadable","Cnt":0,/)
})

test('every recorded event is written again byte for byte', () => {
  const listed = loadVectors<{ events: { queue: string; event: string }[] }>('wire/redis-events.json').events
  const pushed = loadVectors<{ commands: { command: string[] }[] }>('wire/judge-redis.json')
    .commands.filter(({ command }) => command[0] === 'LPUSH')
    .map(({ command }) => ({ queue: command[1] ?? '', event: command[2] ?? '' }))
  expect(listed.length).toBeGreaterThan(0)
  expect(pushed.length).toBeGreaterThan(0)
  for (const { queue, event } of [...listed, ...pushed]) {
    const parsed = JSON.parse(event) as AlarmEvent
    expect(formatEvent(parsed)).toBe(event)
    expect(`event:p${(parsed.strategy ?? parsed.expression)?.priority}`).toBe(queue)
  }
})
