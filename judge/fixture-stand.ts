import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCounters } from '#lib/counters'
import { openEventQueue } from '#lib/event-queue'
import { createLinkClient, createSeriesTable } from '#lib/link'
import type { LinkAck, LinkClient } from '#lib/link'
import { defineMethod, listenRpc } from '#lib/rpc'
import { applySchema, openDatabase } from '#lib/sql'
import type { Expression, Strategy } from '#protocol'
import { judgeConfig } from './config.ts'
import type { JudgeConfig } from './config.ts'
import { silentLog } from './engine/fixture-judge.ts'

/** What stands around a judge: an hbs on a real port, a link as transfer's, the queue in a real SQLite file. */
export interface Stand {
  readonly dir: string
  /** What hbs answers from now on. */
  hosts: Record<string, Strategy[]>
  expressions: Expression[] | null
  /** How often hbs was asked for all of it. */
  readonly pulls: number
  readonly hbsPort: number
  stopHbs(): Promise<void>
  /** A configuration on this stand; ports of judge itself are free ones chosen by the system. */
  config(more?: Record<string, unknown>): JudgeConfig
  link(port: number): LinkClient
  /** Events on the queue, oldest first. */
  queued(priority: number): Promise<string[]>
  close(): Promise<void>
}

export async function openStand(): Promise<Stand> {
  const dir = mkdtempSync(join(tmpdir(), 'judge-'))
  const database = openDatabase(`sqlite:${join(dir, 'falcon.db')}`)
  await applySchema(database)
  const queue = openEventQueue({ database, queuePattern: 'event:p%v', log: silentLog })
  const answers = { hosts: {} as Stand['hosts'], expressions: null as Stand['expressions'], pulls: 0 }
  const anything = () => ({ ok: true, value: undefined }) as const
  const hbs = await listenRpc({
    listen: '127.0.0.1:0',
    methods: [
      defineMethod({
        name: 'Hbs.GetStrategies',
        read: anything,
        handle: () => ({
          hostStrategies: Object.entries(answers.hosts).map(([hostname, strategies]) => ({ hostname, strategies })),
        }),
      }),
      defineMethod({
        name: 'Hbs.GetExpressions',
        read: anything,
        handle() {
          answers.pulls++
          return { expressions: answers.expressions }
        },
      }),
    ],
    context: undefined,
    log: silentLog,
    counters: createCounters(),
  })
  const links: LinkClient[] = []
  let hbsRunning = true
  const stopHbs = async () => {
    if (hbsRunning) await hbs.close()
    hbsRunning = false
  }
  return Object.assign(answers, {
    dir,
    hbsPort: hbs.port,
    stopHbs,
    config: (more: Record<string, unknown> = {}) =>
      judgeConfig.parse({
        dir: join(dir, 'judge'),
        staleAfterSeconds: 0,
        rpc: { listen: '127.0.0.1:0' },
        http: { listen: '127.0.0.1:0' },
        hbs: { servers: [`127.0.0.1:${hbs.port}`], timeout: 1000, interval: 1 },
        alarm: { minInterval: 0, database: `sqlite:${join(dir, 'falcon.db')}` },
        ...more,
      }),
    link(port: number) {
      const link = createLinkClient({
        addresses: [`127.0.0.1:${port}`],
        module: 'transfer',
        connectTimeoutMs: 1000,
        ackTimeoutMs: 5000,
        log: silentLog,
      })
      links.push(link)
      return link
    },
    queued: (priority: number) => queue.peek(priority, 100_000),
    async close() {
      await Promise.all(links.map((link) => link.close()))
      await stopHbs()
      await queue.close()
      await database.close()
      rmSync(dir, { recursive: true })
    },
  })
}

const table = createSeriesTable()

/** Sends one point of a gauge for each endpoint, as transfer would, and again until it is acknowledged. */
export async function sendUntilTaken(
  link: LinkClient,
  metric: string,
  points: readonly { endpoint: string; timestamp: number; value: number }[],
): Promise<LinkAck> {
  const columns = {
    count: points.length,
    series: points.map(({ endpoint }) => table.intern(endpoint, metric, '', 'GAUGE', 60)),
    timestamps: Float64Array.from(points, ({ timestamp }) => timestamp),
    values: Float64Array.from(points, ({ value }) => value),
  }
  for (;;) {
    try {
      return await link.send(columns)
    } catch {
      // Not connected, lost or asked to wait: a sender keeps what is not acknowledged.
      await sleep(10)
    }
  }
}

/**
 * A port that is free at this moment, below those that the kernel gives to outgoing connections: one of them that tries
 * a port without a listener again and again may otherwise reach itself, and the port is taken.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 20_000)
    const server = createServer()
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!free) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}
