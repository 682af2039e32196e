import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { readFirstJson, readMetricValues, refusalOf } from '#protocol'
import type { Plugin } from '../../agent/plugins/plan.ts'
import { makeHome, makePluginClone, startRawPeer, startTestAgent } from './agent-world.ts'
import { exchange } from './http-exchange.ts'
import type { RawResponse } from './http-exchange.ts'
import { loadVectors } from './load.ts'

interface RecordedResponse {
  status: number
  headers: [string, string][]
  body?: string
  body_length?: number
  body_sha256?: string
}

interface Case {
  name: string
  service: string
  request?: { method: string; path: string; raw: string }
  response: RecordedResponse | string
  client_address?: string
}

const files = ['http/agent.json', 'http/agent-backdoor.json', 'http/agent-badplugin.json']

/** A case that asks something, with what was recorded. */
interface Exchange {
  readonly method: string
  readonly path: string
  readonly body: string
  readonly from: string | undefined
  readonly trusted: boolean
  readonly recorded: RecordedResponse
}

/** Where we answer differently from Open-Falcon's agent, and what then must hold. */
interface Difference {
  readonly reason: string
  applies(given: Exchange): boolean
  check(answer: RawResponse, given: Exchange): void
}

const sameStatus = (answer: RawResponse, { recorded }: Exchange) => expect(answer.status).toBe(recorded.status)
const text = (answer: RawResponse) => answer.body.toString()

const differences: readonly Difference[] = [
  {
    reason: 'who may push, or change plugins, is limited to this host and trusted addresses',
    applies: ({ path, trusted }) => !trusted && ['/v1/push', '/plugin/update', '/plugin/reset'].includes(path),
    check(answer) {
      expect(answer.status).toBe(403)
      expect(text(answer)).toBe('no privilege')
    },
  },
  {
    reason: 'a push with items that transfer would refuse names them, and keeps the others',
    applies: ({ path, body, recorded }) => path === '/v1/push' && recorded.status === 200 && refusedIn(body) > 0,
    check(answer, { body }) {
      expect(answer.status).toBe(400)
      expect(text(answer)).toMatch(new RegExp(`^${refusedIn(body)} refused, \\d+ accepted\nitem \\d+`))
    },
  },
  {
    reason: 'a push that cannot be decoded says why, after the known words',
    applies: ({ path, recorded }) => path === '/v1/push' && (recorded.body ?? '').startsWith('connot decode body'),
    check(answer, given) {
      sameStatus(answer, given)
      sameHeaders(answer, given)
      expect(text(answer)).toMatch(/^connot decode body: .+\n$/s)
    },
  },
  {
    reason: 'a failed git says why, after the known words',
    applies: ({ path, recorded }) => path.startsWith('/plugin/') && (recorded.body ?? '').includes('fail. error: '),
    check(answer, given) {
      sameStatus(answer, given)
      expect(text(answer).startsWith(`${given.recorded.body}: `)).toBe(true)
    },
  },
  {
    reason: 'the configuration has members of our own beside the known ones',
    applies: ({ path, trusted }) => path === '/config/reload' && trusted,
    check(answer, given) {
      sameStatus(answer, given)
      sameHeaders(answer, given)
      expect(JSON.parse(text(answer))).toMatchObject(JSON.parse(given.recorded.body ?? '') as object)
    },
  },
  {
    reason: 'values are those of the host that is asked',
    applies: ({ path, recorded }) => recorded.status === 200 && /^\/(?:proc|page|system)\/|^\/workdir$/.test(path),
    check(answer, given) {
      sameStatus(answer, given)
      sameHeaders(answer, given)
      const recorded = shape(JSON.parse(given.recorded.body ?? '')) as object
      const expected = given.path === '/page/df' && !hasFileSystems() ? { ...recorded, data: [] } : recorded
      expect(shape(JSON.parse(text(answer)))).toEqual(expected)
    },
  },
  {
    reason: 'the page at / is our own, made when asked for',
    applies: ({ path, recorded }) => path === '/' && recorded.status === 200,
    check(answer, given) {
      sameStatus(answer, given)
      expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(text(answer)).toContain('Last values')
    },
  },
  {
    reason: 'there are no folders of files beside the page',
    applies: ({ recorded }) => recorded.status === 301 && /^[^/.]+\/$/.test(headerOf(recorded, 'location') ?? ''),
    check: (answer) => expect(answer.status).toBe(404),
  },
  {
    reason: 'what a profiler and a command line tell is not for the network',
    applies: ({ path }) => path.startsWith('/debug/'),
    check: (answer) => expect(answer.status).toBe(404),
  },
]

/** Whether a device is mounted here: in some containers none is. */
function hasFileSystems(): boolean {
  return readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .some((line) => line.startsWith('/dev/'))
}

/** How many items of a body transfer would refuse, once we have filled in the endpoint. */
function refusedIn(body: string): number {
  const first = readFirstJson(body)
  if (!first) return 0
  const items = readMetricValues({ value: first.value, source: first.text, text: () => first.text })
  if (!items.ok) return 0
  const filled = items.value.map((item) => item && { ...item, endpoint: item.endpoint === '' ? 'us' : item.endpoint })
  return filled.filter((item) => refusalOf(item) !== undefined).length
}

/** The form of a JSON value: members, lengths and types, and of texts made of numbers where the numbers stand. */
function shape(value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return typeof value
  if (typeof value === 'string') {
    const form = value.replaceAll(/\d+(?:\.\d+)?[BKMGTP]\b/g, 'size').replaceAll(/\d+(?:\.\d+)?/g, '#')
    return /^(?:size|#[-#: .%]*|# days # hours # minutes)$/.test(form) ? form : 'text'
  }
  if (!Array.isArray(value))
    return Object.fromEntries(Object.entries(value as object).map(([key, member]) => [key, shape(member)]))
  // Rows of a table: as many as the host has, all of one form.
  const shapes = value.map(shape)
  const isTable = value.every((row) => Array.isArray(row) && row.every((cell) => typeof cell === 'string'))
  return isTable ? [...new Set(shapes.map((row) => JSON.stringify(row)))] : shapes
}

function headerOf(recorded: RecordedResponse, name: string): string | undefined {
  return recorded.headers.find(([known]) => known.toLowerCase() === name)?.[1]
}

/** What tells a client how to understand the answer. Lengths follow from bodies; Go and Node choose the others themselves. */
function sameHeaders(answer: RawResponse, { recorded }: Exchange): void {
  for (const name of ['content-type', 'x-content-type-options', 'location'])
    expect(answer.headers.get(name), name).toBe(headerOf(recorded, name))
}

function sameAnswer(answer: RawResponse, given: Exchange): void {
  const { recorded, method } = given
  sameStatus(answer, given)
  sameHeaders(answer, given)
  if (method === 'HEAD') expect(answer.body).toHaveLength(0)
  else if (recorded.body_sha256 === undefined) expect(text(answer)).toBe(recorded.body ?? '')
  else expect(createHash('sha256').update(answer.body).digest('hex')).toBe(recorded.body_sha256)
}

/** What a recorded answer to one path says, in the cases of one service. */
function told(cases: readonly Case[], path: string): unknown {
  for (const { request, response } of cases)
    if (request?.path === path && request.method === 'GET' && typeof response === 'object' && response.status === 200)
      if (response.body?.startsWith('{')) return (JSON.parse(response.body) as { data: unknown }).data
  return undefined
}

function plainTold(cases: readonly Case[], path: string): string | undefined {
  const found = cases.find(({ request }) => request?.path === path && request.method === 'GET')?.response
  return typeof found === 'object' && found.status === 200 ? found.body : undefined
}

/** The plugin directory as the texts of failures name it: itself, or the one it was to be cloned in. */
function pluginDirOf(cases: readonly Case[]): string {
  for (const { response } of cases) {
    const match = /in dir:(\S+) fail/.exec(typeof response === 'object' ? (response.body ?? '') : '')
    if (match?.[1] !== undefined) return /git clone/.test(match.input) ? `${match[1]}/plugin` : match[1]
  }
  return './plugin'
}

/** Starts an agent as the recorded one was: what the cases of its service tell, and what the service's name says. */
async function startRecorded(service: string, cases: readonly Case[]) {
  const home = makeHome()
  const onFile = (told(cases, '/config/reload') ?? {}) as Record<string, unknown>
  const planned = (told(cases, '/plugins') ?? {}) as Record<string, Plugin>
  const trustable = (told(cases, '/ips') ?? ['127.0.0.9', '127.0.0.10']) as string[]
  const dir = pluginDirOf(cases)
  const enabled = !/plugin disabled/.test(service)
  if (/no git repository/.test(service)) mkdirSync(join(home.root, dir), { recursive: true })
  else if (enabled && !/plugin\.dir missing/.test(service)) makePluginClone(home.root, dir, Object.values(planned))
  const bound = Object.entries(planned).map(([key, { FilePath }]) => (key.endsWith(')') ? key : dirname(FilePath)))
  const answers: Record<string, unknown> = {
    'Agent.ReportStatus': { code: 0 },
    'Agent.MinePlugins': { Plugins: bound, Timestamp: 1 },
    'Agent.TrustableIps': trustable.join(','),
    'Agent.BuiltinMetrics': { Metrics: [], Checksum: '', Timestamp: 1 },
  }
  const hbs = await startRawPeer(({ method }) => JSON.stringify(answers[method]))
  const transfer = await startRawPeer(() => '{"Message":"ok","Total":1,"Invalid":0,"Latency":0}')
  const version = plainTold(cases, '/version')
  const agent = await startTestAgent({
    home,
    ...(version === undefined ? {} : { version }),
    settings: {
      ...onFile,
      hostname: told(cases, '/proc/kernel/hostname') ?? 'host01.example',
      plugin: { enabled, dir, git: 'file:///nonexistent/plugin.git', logs: join(home.root, 'logs') },
      heartbeat: { enabled: true, addr: hbs.address, interval: 60, timeout: 1000 },
      transfer: { enabled: true, addrs: [transfer.address], interval: 1, timeout: 1000 },
      http: { enabled: true, listen: '127.0.0.1:0', backdoor: /backdoor true/.test(service) },
      // All of them, so that the pages have rows.
      collector: { ifacePrefix: [], mountPoint: [] },
    },
    ...(Object.keys(onFile).length > 0 ? { onFile } : {}),
  })
  const port = agent.port ?? 0
  await vi.waitFor(
    async () => {
      const ask = async (path: string) =>
        text(await exchange(port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`))
      expect(JSON.parse(await ask('/proc/cpu/usage'))).toHaveProperty('data')
      expect(JSON.parse(await ask('/ips'))).toEqual({ msg: 'success', data: trustable })
      expect(Object.keys((JSON.parse(await ask('/plugins')) as { data: object }).data)).toHaveLength(bound.length)
    },
    { timeout: 10_000 },
  )
  return { agent, port, trustable, home, peers: [hbs, transfer] }
}

const used = new Set<Difference>()
const allCases = files.map((file) => ({ file, cases: loadVectors<{ cases: Case[] }>(file).cases }))

describe.each(allCases)('$file', ({ cases }) => {
  test('has cases', () => expect(cases.length).toBeGreaterThan(0))

  describe.each([...new Set(cases.map(({ service }) => service))])('%s', (service) => {
    const mine = cases.filter((one) => one.service === service)
    let started: Awaited<ReturnType<typeof startRecorded>>
    beforeAll(async () => {
      started = await startRecorded(service, mine)
    }, 30_000)
    afterAll(async () => {
      // Also where a case made it exit.
      await started.agent.stop()
      for (const peer of started.peers) await peer.close()
      started.home.remove()
    })

    test.each(mine)('$name', async ({ request, response, client_address: from }) => {
      if (typeof response === 'string') return expectRefused(started.port)
      if (!request) throw new Error('this case asks nothing')
      const given: Exchange = {
        method: request.method,
        path: request.path,
        body: request.raw.slice(request.raw.indexOf('\r\n\r\n') + 4),
        from,
        trusted: from === undefined || started.trustable.includes(from),
        recorded: response,
      }
      const difference = differences.find((one) => one.applies(given))
      if (difference) used.add(difference)
      const answer = await exchange(started.port, request.raw, { from })
      if (difference) difference.check(answer, given)
      else sameAnswer(answer, given)
    })
  })
})

async function expectRefused(port: number): Promise<void> {
  await vi.waitFor(
    async () => {
      const refused = exchange(port, 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n').then(
        () => 'answered',
        (error: NodeJS.ErrnoException) => error.code,
      )
      expect(await refused).toBe('ECONNREFUSED')
    },
    { timeout: 5000 },
  )
}

test('each difference from Open-Falcon is still one that a recording shows', () => {
  if (process.env['FALCON_VECTORS'] !== undefined) return
  expect(differences.filter((one) => !used.has(one)).map(({ reason }) => reason)).toEqual([])
})
