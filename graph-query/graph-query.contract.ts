import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createLinkClient, createSeriesTable } from '#lib/link'
import type { LinkAck, LinkClient } from '#lib/link'
import { createLogger } from '#lib/log'
import type { CounterType } from '#protocol'
import { graphQueryConfig } from './config.ts'
import { startGraphQuery } from './graph-query.ts'
import type { RunningGraphQuery } from './graph-query.ts'

export const quiet = createLogger('test', { destination: { write: () => undefined } })

export interface SentSample {
  readonly endpoint: string
  readonly metric: string
  readonly tags?: string
  readonly counterType?: CounterType
  readonly step?: number
  readonly timestamp: number
  readonly value: number
}

export interface Stand {
  readonly graph: RunningGraphQuery
  readonly url: string
  readonly internalUrl: string
  readonly client: LinkClient
  send(samples: readonly SentSample[]): Promise<LinkAck>
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  post(path: string, body: unknown, method?: string): Promise<Answer>
}

export interface Answer {
  readonly status: number
  readonly text: string
  readonly json: unknown
  readonly headers: Headers
}

/** A folder that is removed when the test ends. */
export function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'graph-query-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** A running graph-query on free ports, and a link to it as a transfer has. `now` is in unix seconds. */
export async function startStand(
  settings: { now?: () => number; config?: Record<string, unknown>; dir?: string } = {},
): Promise<Stand> {
  const config = graphQueryConfig.parse({
    http: { listen: '127.0.0.1:0' },
    rpc: { listen: '127.0.0.1:0' },
    query: { listen: '127.0.0.1:0' },
    storage: { dir: settings.dir ?? temporaryDir() },
    ...settings.config,
  })
  const { now } = settings
  const graph = await startGraphQuery(config, quiet, 'none.json', now ? () => now() * 1000 : undefined)
  onTestFinished(() => graph.stop())
  const client = createLinkClient({
    addresses: [`127.0.0.1:${graph.ports.rpc}`],
    module: 'test',
    connectTimeoutMs: 2000,
    ackTimeoutMs: 10_000,
    log: quiet,
  })
  onTestFinished(() => client.close())
  if (!client.connected) await new Promise<void>((resolve) => client.onConnect(resolve))
  const table = createSeriesTable()
  const url = `http://127.0.0.1:${graph.ports.query}/api/v1/graph`
  const call = async (target: string, init?: RequestInit): Promise<Answer> => {
    const response = await fetch(target, init)
    const text = await response.text()
    return { status: response.status, text, headers: response.headers, json: text.trim() ? parsed(text) : undefined }
  }
  return {
    graph,
    url,
    internalUrl: `http://127.0.0.1:${graph.ports.http}`,
    client,
    send: (samples) =>
      client.send({
        count: samples.length,
        series: samples.map(({ endpoint, metric, tags = '', counterType = 'GAUGE', step = 60 }) =>
          table.intern(endpoint, metric, tags, counterType, step),
        ),
        timestamps: Float64Array.from(samples, (sample) => sample.timestamp),
        values: Float64Array.from(samples, (sample) => sample.value),
      }),
    get: (path, headers) => call(path.startsWith('http') ? path : url + path, headers ? { headers } : {}),
    post: (path, body, method = 'POST') =>
      call(url + path, { method, body: typeof body === 'string' ? body : JSON.stringify(body) }),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // Not every answer is JSON.
  }
}
