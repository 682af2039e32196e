import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { refusalOf, saneTimestamp } from '#protocol'
import type { ReceivedItem } from '#protocol'
import { batchSize } from '../../agent/sender/queue.ts'
import { makeHome, startRawPeer, startTestAgent } from './agent-world.ts'
import type { HeardRequest } from './agent-world.ts'
import { exchange } from './http-exchange.ts'
import { loadVectors } from './load.ts'

interface Recording {
  name: string
  note?: string
  exchanges: { n: number; method: string; id: number; request: string; response: string }[]
}

const cleaning: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const clean of cleaning.splice(0).toReversed()) await clean()
})

/** The bytes of a request but for its number, which depends on what else was sent on the connection. */
function unnumbered(request: string): string {
  return request.replace(/"id":\d+\}\n$/, '"id":N}\n')
}

function resultOf(response: string): string {
  return JSON.stringify((JSON.parse(response) as { result: unknown }).result)
}

describe.each(['wire/agent-hbs.json', 'wire/agent-hbs-unversioned.json'])('%s', (file) => {
  const { exchanges } = loadVectors<Recording>(file)
  const methods = [...new Set(exchanges.map(({ method }) => method))]
  const recorded = (method: string) => exchanges.filter((one) => one.method === method)

  test('has exchanges', () => expect(exchanges.length).toBeGreaterThan(0))

  test('given the same answers, we ask hbs the same bytes', async () => {
    const first = recorded('Agent.ReportStatus')[0]
    const [report] = (JSON.parse(first?.request ?? '') as { params: Record<string, string>[] }).params
    const { Hostname: hostname, IP: ip, AgentVersion: version, PluginVersion: revision } = report ?? {}
    const home = makeHome()
    cleaning.push(() => home.remove())
    const enabled = revision !== 'plugin not enabled'
    mkdirSync(join(home.root, 'plugin/.git'), { recursive: true })
    writeFileSync(join(home.root, 'plugin/.git/HEAD'), `${revision}\n`)
    const asked = new Map<string, number>()
    const hbs = await startRawPeer(({ method }) => {
      const place = asked.get(method) ?? 0
      asked.set(method, place + 1)
      const answers = recorded(method)
      return resultOf((answers[place] ?? answers.at(-1))?.response ?? '{"result":null}')
    })
    cleaning.push(() => hbs.close())
    const agent = await startTestAgent({
      home,
      version: version ?? '',
      settings: {
        hostname,
        ip,
        plugin: { enabled, dir: 'plugin' },
        heartbeat: { enabled: true, addr: hbs.address, interval: 1, timeout: 1000 },
        http: { enabled: false },
      },
    })
    cleaning.push(() => agent.stop())
    const ours = (method: string) => hbs.heard.filter((request) => request.method === method)
    await vi.waitFor(
      () => {
        for (const method of methods) expect(ours(method).length).toBeGreaterThanOrEqual(recorded(method).length)
      },
      { timeout: 20_000 },
    )
    for (const method of methods) {
      const expected = recorded(method).map(({ request }) => unnumbered(request))
      expect(
        ours(method)
          .slice(0, expected.length)
          .map(({ bytes }) => unnumbered(bytes)),
      ).toEqual(expected)
    }
    expect(new Set(hbs.heard.map(({ method }) => method))).toEqual(new Set(methods))
    expect(hbs.heard[0]?.method).toBe('Agent.ReportStatus')
    expect(hbs.heard.map(({ id }) => id)).toEqual(hbs.heard.map((_, i) => i))
    // One that only tells us our own address, and the one that is spoken over.
    expect(hbs.connections()).toBe(2)
  }, 30_000)
})

/** What a note says was configured; the recorded tags end with it. */
function defaultTagsOf(note: string | undefined): Record<string, string> {
  const json = /default_tags (\{[^}]*\})/.exec(note ?? '')?.[1]
  return json === undefined ? {} : (JSON.parse(json) as Record<string, string>)
}

const transferFiles = [
  'wire/agent-transfer.json',
  'wire/agent-transfer-all-metrics.json',
  'wire/agent-transfer-default-tags.json',
]

describe.each(transferFiles)('%s', (file) => {
  const { exchanges, note } = loadVectors<Recording>(file)
  const defaultTags = defaultTagsOf(note)
  const suffix = Object.entries(defaultTags)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')

  test('has exchanges', () => expect(exchanges.length).toBeGreaterThan(0))

  test('items that scripts and plugins give us reach transfer as the same bytes', async () => {
    const home = makeHome()
    cleaning.push(() => home.remove())
    const answers: string[] = []
    const transfer = await startRawPeer(() => answers.shift() ?? 'null')
    cleaning.push(() => transfer.close())
    const agent = await startTestAgent({
      home,
      settings: {
        hostname: 'other.example',
        transfer: { enabled: true, addrs: [transfer.address], interval: 3600, timeout: 1000 },
        http: { enabled: true, listen: '127.0.0.1:0' },
        default_tags: defaultTags,
      },
    })
    cleaning.push(() => agent.stop())
    const ownRounds = () => agent.counters.get('received.own')

    const nowSeconds = Math.floor(Date.now() / 1000)
    let sent = 0
    for (const { request, response } of exchanges) {
      const [items] = (JSON.parse(request) as { params: (ReceivedItem | null)[][] }).params
      const given = (items ?? []).map((item) => item && { ...item, tags: withoutDefaults(item.tags, suffix) })
      const refused = given.filter((item) => refusalOf(filled(item)) !== undefined)
      if (refused.length < given.length) answers.push(resultOf(response))
      const body = JSON.stringify(given)
      const answer = await exchange(
        agent.port ?? 0,
        `POST /v1/push HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      )
      // What transfer would only have counted as invalid is told to the one who pushed it.
      expect(answer.status).toBe(refused.length > 0 ? 400 : 200)
      const news = () => transfer.heard.slice(sent)
      await vi.waitFor(() => expect(itemsOf(news())).toHaveLength(given.length - refused.length))
      expect(news().map(({ id }) => id)).toEqual(news().map((_, i) => sent + i))
      const asGiven = given.every(
        (item) => item?.endpoint !== '' && saneTimestamp(item?.timestamp ?? 1, nowSeconds) === (item?.timestamp ?? 1),
      )
      if (refused.length === 0 && asGiven) {
        if (given.length > 0 && given.length <= batchSize)
          expect(news().map(({ bytes }) => unnumbered(bytes))).toEqual([unnumbered(request)])
        expect(JSON.stringify(itemsOf(news()))).toBe(JSON.stringify(items))
      }
      sent = transfer.heard.length
    }
    expect(sent).toBeGreaterThan(0)
    expect(ownRounds()).toBe(0)
    await vi.waitFor(() => expect(agent.counters.get('delivered')).toBeGreaterThan(0))
    expect(agent.counters.get('rejected')).toBe(0)
  }, 30_000)
})

/** An item without endpoint gets ours. */
function filled(item: ReceivedItem | null): ReceivedItem | null {
  return item?.endpoint === '' ? { ...item, endpoint: 'other.example' } : item
}

function itemsOf(requests: readonly HeardRequest[]): (ReceivedItem | null)[] {
  return requests.flatMap(({ bytes }) => (JSON.parse(bytes) as { params: ReceivedItem[][] }).params[0] ?? [])
}

function withoutDefaults(tags: string, suffix: string): string {
  if (suffix === '' || !tags.endsWith(suffix)) return tags
  return tags.slice(0, -suffix.length).replace(/,$/, '')
}

test('our own samples are written as those of scripts: same members, same order', async () => {
  const home = makeHome()
  cleaning.push(() => home.remove())
  const transfer = await startRawPeer(() => '{"Message":"ok","Total":1,"Invalid":0,"Latency":0}')
  cleaning.push(() => transfer.close())
  const agent = await startTestAgent({
    home,
    settings: {
      hostname: 'h<1>.example',
      transfer: { enabled: true, addrs: [transfer.address], interval: 1, timeout: 1000 },
      http: { enabled: false },
    },
  })
  cleaning.push(() => agent.stop())
  await vi.waitFor(() => expect(transfer.heard.length).toBeGreaterThan(1), { timeout: 5000 })
  const bytes = transfer.heard[0]?.bytes ?? ''
  expect(
    bytes.startsWith('{"method":"Transfer.Update","params":[[{"endpoint":"h\\u003c1\\u003e.example","metric":'),
  ).toBe(true)
  const [items] = (JSON.parse(bytes) as { params: ReceivedItem[][] }).params
  const [known] = (
    JSON.parse(loadVectors<Recording>('wire/agent-transfer.json').exchanges[0]?.request ?? '') as {
      params: ReceivedItem[][]
    }
  ).params
  for (const item of items ?? []) expect(Object.keys(item)).toEqual(Object.keys(known?.[0] ?? {}))
  expect(new Set(items?.map(({ step, timestamp }) => `${step} ${timestamp}`)).size).toBe(1)
  expect(items?.[0]).toMatchObject({ metric: 'agent.alive', value: 1, step: 1, counterType: 'GAUGE', tags: '' })
})
