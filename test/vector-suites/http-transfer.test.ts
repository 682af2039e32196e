import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadVectors } from './load.ts'
import { startPeeredStand } from '../drivers/transfer-stand.ts'
import type { PeeredStand } from '../drivers/transfer-stand.ts'

interface Case {
  name: string
  request: { method: string; path: string; raw: string }
  response: { status: number; headers: [string, string][]; body: string }
  client_address?: string
}

interface Answer {
  status: number
  contentType: string
  body: string
}

const { cases } = loadVectors<{ cases: Case[] }>('http/transfer.json')
const unique = cases.map((one, index) => ({ ...one, title: `${index} ${one.name}` }))

/** Falcon's own configuration, from the recorded `/config`, so that both answers show the same one. */
const recordedConfig = dataOf(cases.find(({ request }) => request.path === '/config')?.response.body ?? '{}')

/**
 * Where our answers differ from the recorded ones, and why. Everything else is the same status, type and body
 * (`Latency` is a time, and our ports are our own).
 */
const differences: Record<string, { reason: string; check(ours: Answer, recorded: Answer): void }> = {
  '/version': {
    reason: 'names this version',
    check: ({ body }) => expect(body).toMatch(/^\d+\.\d+\.\d+\n$/),
  },
  '/workdir': {
    reason: 'the folder is another one',
    check: ({ body }) => expect(body).toMatch(/^\/.+\n$/),
  },
  '/config': {
    reason: 'secrets are masked, and there are more keys',
    check({ body }, recorded) {
      const { influxdb, judge, graph, http, rpc, socket, ...same } = dataOf(recorded.body)
      expect(dataOf(body)).toMatchObject(same)
      const shown = dataOf(body)
      // Beside the recorded members our own, with their defaults.
      const own = {
        bucket: '',
        org: '',
        token: '',
        connTimeout: 1000,
        maxIdle: 32,
        maxInFlight: 200_000,
        order: 'live-first',
      }
      expect(shown['influxdb']).toEqual({ ...(influxdb as object), password: '***', spool: {}, ...own })
      for (const [name, section] of Object.entries({ judge, graph, http, rpc, socket })) {
        const ports = ['listen', 'cluster', 'clusterList']
        const members = Object.entries(section as object).filter(([key]) => !ports.includes(key))
        expect(shown[name]).toMatchObject(Object.fromEntries(members))
      }
      expect(body).not.toContain((influxdb as { password: string }).password)
    },
  },
  '/counter/all': {
    reason: 'has other counters; those that mean the same have the same name and form, the rest is named here',
    check: sameCounters,
  },
  '/statistics/all': { reason: 'as /counter/all', check: sameCounters },
  '/config/reload from another loopback address': {
    reason: 'all of 127.0.0.0/8 is this machine; who is not trusted gets 403, which is tested beside the routes',
    check: ({ body }) => expect(body).toBe('{"msg":"success","data":"ok"}'),
  },
}

/** Recorded counters without an equivalent: sections that are not served yet, and queries that transfer never answered. */
const withoutEquivalent =
  /^(SendTo(Tsdb|Influxdb|Transfer|P8sRelay)|(Tsdb|Transfer|P8sRelay)SendCache|History|Info|Last)/

let stand: PeeredStand
beforeAll(async () => {
  stand = await startPeeredStand({ members: recordedConfig })
})
afterAll(() => stand.stop())

describe('each recorded request, over the socket', () => {
  test('there are cases', () => expect(cases.length).toBeGreaterThan(0))

  test.each(unique)('$title', async ({ request, response, client_address }) => {
    const ours = await ask(request.raw, client_address ?? '127.0.0.1')
    const recorded: Answer = { status: response.status, contentType: typeOf(response.headers), body: response.body }
    expect(ours.status).toBe(recorded.status)
    expect(ours.contentType.toLowerCase()).toBe(recorded.contentType.toLowerCase())
    const key = client_address === undefined ? request.path : `${request.path} from another loopback address`
    const different = differences[key]
    if (different) different.check(ours, recorded)
    else expect(normal(ours.body)).toBe(normal(recorded.body))
  })
})

function sameCounters(ours: Answer, recorded: Answer): void {
  const rows = (answer: Answer) => (JSON.parse(answer.body) as { data: Record<string, unknown>[] }).data
  const shown = new Map(rows(ours).map((row) => [row['Name'], row]))
  for (const row of rows(recorded)) {
    if (withoutEquivalent.test(String(row['Name']))) continue
    expect(Object.keys(shown.get(row['Name']) ?? {}).toSorted()).toEqual(
      expect.arrayContaining(
        Object.keys(row)
          .filter((key) => key !== 'Qps')
          .toSorted(),
      ),
    )
  }
}

function normal(body: string): string {
  return body.replace(/"Latency":\d+/, '"Latency":0').replaceAll(/Name:127\.0\.0\.1:\d+/g, 'Name:127.0.0.1:0')
}

function typeOf(headers: [string, string][]): string {
  return headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
}

function dataOf(body: string): Record<string, unknown> {
  return (JSON.parse(body) as { data: Record<string, unknown> }).data
}

/** Sends the recorded bytes as they are and reads the answer to its end. */
async function ask(raw: string, localAddress: string): Promise<Answer> {
  const socket = connect({ port: stand.ports.http, host: '127.0.0.1', localAddress })
  let text = ''
  socket.on('data', (chunk) => (text += chunk.toString()))
  socket.write(raw)
  await once(socket, 'close')
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = lines.map((line): [string, string] => [line.split(': ')[0] ?? '', line.split(': ')[1] ?? ''])
  return { status: Number(statusLine.split(' ')[1]), contentType: typeOf(headers), body: rest.join('\r\n\r\n') }
}
