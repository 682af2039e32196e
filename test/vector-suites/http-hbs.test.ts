import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLogger } from '#lib/log'
import { createRpcClient } from '#lib/rpc'
import { hbsConfig } from '../../hbs/config.ts'
import { startHbs } from '../../hbs/hbs.ts'
import type { RunningHbs } from '../../hbs/hbs.ts'
import { openPortalStore } from '../services/index.ts'
import type { PortalRows, PortalStore } from '../services/index.ts'
import { exchange } from './http-exchange.ts'
import { runJsonRpcCases } from './jsonrpc-cases.ts'
import { loadVectors } from './load.ts'
import { recordingsOf } from './recordings.ts'

interface HttpCase {
  name: string
  service: string
  request: { path: string; raw: string }
  response: { status: number; headers: [string, string][]; body: string }
  client_address?: string
}

interface Answer {
  readonly status: number
  readonly type: string | undefined
  readonly body: string
}

const cases = loadVectors<{ cases: HttpCase[] }>('http/others.json').cases.filter(({ service }) => service === 'hbs')
const log = createLogger('test', { destination: { write: () => undefined } })

/** Agents that had reported when the answers were recorded. */
const reported = dataOf(cases.find(({ request }) => request.path === '/agents')?.response.body) as string[]

/** Open-Falcon's own configuration, from the answer that showed it. */
const recordedConfig = dataOf(
  cases.find(({ request, response }) => request.path === '/config/reload' && response.body.startsWith('{'))?.response
    .body,
) as Record<string, unknown>

/** Where our answers differ from the recorded ones, and why. Everything else is the same status, type and bytes. */
const differences: Record<string, { reason: string; check(ours: string, recorded: string): void }> = {
  '/version': { reason: 'names this version', check: (ours) => expect(ours).toMatch(/^\d+\.\d+\.\d+$/) },
  '/workdir': { reason: 'the folder is another one', check: (ours) => expect(dataOf(ours)).toMatch(/^\//) },
  '/agents': {
    reason: 'their order means nothing',
    check: (ours, recorded) =>
      expect((dataOf(ours) as string[]).toSorted()).toEqual((dataOf(recorded) as string[]).toSorted()),
  },
  '/config/reload': {
    reason: 'places and the source of hosts are ours, and there are more keys',
    check(ours, recorded) {
      const { database, listen, http, hosts, ...same } = dataOf(recorded) as Record<string, unknown>
      const shown = dataOf(ours) as Record<string, unknown>
      expect(shown).toMatchObject(same)
      for (const [name, value] of Object.entries({ database, listen, hosts }))
        expect(typeof shown[name]).toBe(typeof value)
      expect(Object.keys(shown['http'] as object)).toEqual(Object.keys(http as object))
    },
  },
}

function dataOf(body: string | undefined): unknown {
  return (JSON.parse(body ?? '{}') as { data: unknown }).data
}

/** A real hbs on free ports. Agents only update rows, so that the tables stay as they were recorded. */
async function startOn(store: PortalStore): Promise<{ hbs: RunningHbs; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'falcon-hbs-'))
  const file = join(folder, 'cfg.json')
  const config = {
    ...recordedConfig,
    database: store.dsn,
    hosts: 'asset system',
    listen: '127.0.0.1:0',
    http: { enabled: true, listen: '127.0.0.1:0' },
  }
  writeFileSync(file, JSON.stringify(config))
  const hbs = await startHbs(hbsConfig.parse(config), log, file)
  return {
    hbs,
    async stop() {
      await hbs.stop()
      rmSync(folder, { recursive: true })
    },
  }
}

describe.each(['sqlite', 'mysql'] as const)('hbs on %s with the recorded portal', (dialect) => {
  let store: PortalStore
  let rpc: Awaited<ReturnType<typeof startOn>>
  beforeAll(async () => {
    store = await openPortalStore(dialect)
    await store.replace(loadVectors<PortalRows>('wire/portal.json'))
    rpc = await startOn(store)
  }, 120_000)
  afterAll(async () => {
    await rpc.stop()
    await store.remove()
  })
  const clientOf = (hbs: RunningHbs) =>
    createRpcClient({
      addresses: [`127.0.0.1:${hbs.ports.rpc}`],
      connectTimeoutMs: 5000,
      callTimeoutMs: 5000,
      log,
    })

  test('each recorded JSON-RPC probe gets the recorded bytes', () => runJsonRpcCases('hbs', rpc.hbs.ports.rpc), 60_000)

  const recordings = ['agent-hbs', 'judge-hbs', 'winagent-hbs'].flatMap(recordingsOf)
  test.each(recordings)('$name is answered as recorded', async ({ exchanges }) => {
    const client = clientOf(rpc.hbs)
    try {
      for (const { request, response } of exchanges) {
        const { method, params } = JSON.parse(request) as { method: string; params: unknown[] }
        const { result } = JSON.parse(response) as { result: unknown }
        expect({ method, result: settled(await client.call(method, params[0])) }).toEqual({
          method,
          result: settled(result),
        })
      }
    } finally {
      await client.close()
    }
  })

  describe('HTTP', () => {
    let http: Awaited<ReturnType<typeof startOn>>
    beforeAll(async () => {
      http = await startOn(store)
      const client = clientOf(http.hbs)
      for (const Hostname of reported) await client.call('Agent.ReportStatus', { Hostname })
      await client.close()
    })
    afterAll(() => http.stop())

    test('there are cases', () => expect(cases.length).toBeGreaterThan(0))

    test.each(cases)('$name', async ({ request, response, client_address }) => {
      const { status, headers, body } = await exchange(http.hbs.ports.http ?? 0, request.raw, { from: client_address })
      const ours: Answer = { status, type: headers.get('content-type'), body: body.toString() }
      const type = response.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1]
      const known = response.body.startsWith('{') || response.status !== 200 || request.path === '/version'
      const difference = known ? differences[request.path] : undefined
      if (!difference) return expect(ours).toEqual({ status: response.status, type, body: response.body })
      expect(ours).toMatchObject({ status: response.status, type })
      difference.check(ours.body, response.body)
    })
  })
})

/** A result without its time, and with hosts and strategies in one order. */
function settled(result: unknown): unknown {
  if (typeof result !== 'object' || result === null) return result
  const { hostStrategies, Timestamp, ...rest } = result as {
    hostStrategies?: { hostname: string; strategies: { id: number }[] }[]
    Timestamp?: number
  }
  return {
    ...rest,
    ...(Timestamp === undefined ? {} : { Timestamp: Timestamp > 0 }),
    ...(hostStrategies && {
      hostStrategies: new Map(
        hostStrategies.map(({ hostname, strategies }) => [hostname, strategies.toSorted((a, b) => a.id - b.id)]),
      ),
    }),
  }
}
