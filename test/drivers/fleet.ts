import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SentItem } from './falcon-client.ts'
import { freePorts, startModule } from './process.ts'
import type { ModuleProcess } from './process.ts'

/** The server modules of one site as processes that talk to each other, on free ports and data of their own. */
export interface Fleet {
  readonly folder: string
  readonly ports: {
    readonly transferRpc: number
    readonly hbsRpc: number
    readonly graphLink: number
    readonly query: number
  }
  readonly hbs: ModuleProcess
  readonly graph: ModuleProcess
  readonly judge: ModuleProcess | undefined
  readonly transfer: ModuleProcess
  /** Those of the given samples that a history query does not return with their value. */
  missing(samples: readonly SentItem[]): Promise<SentItem[]>
  history(endpoint: string, counters: readonly string[], start: number, end: number): Promise<Series[]>
  remove(): Promise<void>
}

export interface Series {
  readonly endpoint: string
  readonly counter: string
  readonly Values: readonly { readonly timestamp: number; readonly value: number | null }[]
}

export interface FleetOptions {
  /** Go DSN of the portal tables; default: an SQLite file of this fleet. */
  readonly database?: string
  /** `host:port` of Redis for the events; default: the table of that file. */
  readonly redis?: string
  /** Whether judge runs; default true. */
  readonly judge?: boolean
  /** Where judge keeps its journal; default: below the fleet's folder. */
  readonly judgeDir?: string
  /** Seconds; default 30 as shipped. */
  readonly minStep?: number
  /** Sections of transfer's configuration besides. */
  readonly transfer?: object
  /** Sections of graph-query's configuration besides. */
  readonly graph?: { readonly storage?: object; readonly node?: string; readonly cluster?: object }
  /** `host:port` of the links of further graphs that get every sample too. */
  readonly graphReplicas?: readonly string[]
  /** Port of the graph's own link; default: a free one. */
  readonly graphLink?: number
}

export async function startFleet(options: FleetOptions = {}): Promise<Fleet> {
  const folder = mkdtempSync(join(tmpdir(), 'falcon-fleet-'))
  const ports = await freePorts(10)
  const [hbsRpc = 0, hbsHttp = 0, freeLink = 0, graphHttp = 0, query = 0] = ports
  const graphLink = options.graphLink ?? freeLink
  const [judgeLink = 0, judgeHttp = 0, transferRpc = 0, transferHttp = 0, telnet = 0] = ports.slice(5)
  const at = (port: number) => `127.0.0.1:${port}`
  const database = options.database ?? `sqlite:${join(folder, 'falcon.db')}`
  const withJudge = options.judge ?? true
  const running: ModuleProcess[] = []
  const start = async (name: ModuleProcess['name'], httpPort: number, config: object) => {
    const started = await startModule({ name: name as 'hbs', folder, httpPort, config })
    running.push(started)
    return started
  }
  const remove = async () => {
    await Promise.all(running.map((one) => one.kill()))
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const hbs = await start('hbs', hbsHttp, {
      database,
      listen: at(hbsRpc),
      reloadSeconds: 1,
      http: { enabled: true, listen: at(hbsHttp) },
    })
    const graph = await start('graph-query', graphHttp, {
      rpc: { enabled: true, listen: at(graphLink) },
      http: { enabled: true, listen: at(graphHttp) },
      query: { enabled: true, listen: at(query) },
      ...options.graph,
      storage: { dir: join(folder, 'graph'), ...options.graph?.storage },
    })
    const judge = withJudge
      ? await start('judge', judgeHttp, {
          dir: options.judgeDir ?? join(folder, 'judge'),
          rpc: { enabled: true, listen: at(judgeLink) },
          http: { enabled: true, listen: at(judgeHttp) },
          hbs: { servers: [at(hbsRpc)], timeout: 300, interval: 1 },
          alarm: {
            enabled: true,
            minInterval: 300,
            queuePattern: 'event:p%v',
            database,
            redis: { dsn: options.redis ?? '' },
          },
        })
      : undefined
    const transfer = await start('transfer', transferHttp, {
      minStep: options.minStep ?? 30,
      rpc: { enabled: true, listen: at(transferRpc) },
      http: { enabled: true, listen: at(transferHttp) },
      socket: { enabled: true, listen: at(telnet), timeout: 3600 },
      judge: { enabled: withJudge, cluster: { 'judge-00': at(judgeLink) } },
      graph: { enabled: true, cluster: { 'graph-00': [at(graphLink), ...(options.graphReplicas ?? [])].join(',') } },
      spool: { dir: join(folder, 'spool') },
      ...options.transfer,
    })
    const history: Fleet['history'] = (...asked) => askHistory(query, ...asked)
    return {
      folder,
      ports: { transferRpc, hbsRpc, graphLink, query },
      hbs,
      graph,
      judge,
      transfer,
      history,
      missing: (samples) => missingFrom(history, samples),
      remove,
    }
  } catch (error) {
    await remove()
    throw error
  }
}

/** What a graph answers on its query port. Rejects on anything but an answer. */
export async function askHistory(
  queryPort: number,
  endpoint: string,
  counters: readonly string[],
  start: number,
  end: number,
): Promise<Series[]> {
  const range = { consol_fun: 'AVERAGE', start_time: start, end_time: end }
  return (await ask(queryPort, 'history', { hostnames: [endpoint], counters, ...range })) as Series[]
}

export interface LastPoint {
  readonly endpoint: string
  readonly counter: string
  /** `timestamp` is 0 where there is none. */
  readonly value: { readonly timestamp: number; readonly value: number }
}

export async function askLast(queryPort: number, endpoint: string, counters: readonly string[]): Promise<LastPoint[]> {
  return (await ask(
    queryPort,
    'lastpoint',
    counters.map((counter) => ({ endpoint, counter })),
  )) as LastPoint[]
}

async function ask(queryPort: number, what: string, question: unknown): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${queryPort}/api/v1/graph/${what}`, {
    method: 'POST',
    body: JSON.stringify(question),
  })
  if (!response.ok) throw new Error(`${what} answered ${response.status}: ${await response.text()}`)
  return response.json()
}

/** Asks once per endpoint for all that was sent, and holds the answer against it. GAUGE samples aligned to their step only. */
async function missingFrom(history: Fleet['history'], samples: readonly SentItem[]): Promise<SentItem[]> {
  const missing: SentItem[] = []
  for (const [endpoint, sent] of byEndpoint(samples)) {
    const times = sent.map((sample) => sample.timestamp)
    const longestStep = Math.max(...sent.map((sample) => sample.step))
    const counterOf = (sample: SentItem) => (sample.tags === '' ? sample.metric : `${sample.metric}/${sample.tags}`)
    const counters = [...new Set(sent.map(counterOf))]
    const answer = await history(endpoint, counters, Math.min(...times) - longestStep, Math.max(...times) + longestStep)
    const stored = new Map<string, number | null>()
    for (const series of answer)
      for (const { timestamp, value } of series.Values) stored.set(`${series.counter} ${timestamp}`, value)
    for (const sample of sent) {
      const aligned = sample.timestamp - (sample.timestamp % sample.step)
      if (stored.get(`${counterOf(sample)} ${aligned}`) !== Number(sample.value)) missing.push(sample)
    }
  }
  return missing
}

function byEndpoint(samples: readonly SentItem[]): Map<string, SentItem[]> {
  const groups = new Map<string, SentItem[]>()
  for (const sample of samples) {
    const group = groups.get(sample.endpoint)
    if (group) group.push(sample)
    else groups.set(sample.endpoint, [sample])
  }
  return groups
}
