import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readMetricValues } from '#protocol'
import type { ReceivedItem } from '#protocol'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import { defineMethod, listenRpc } from '#lib/rpc'
import { startAgent } from './agent.ts'
import type { RunningAgent } from './agent.ts'
import { agentConfig } from './config.ts'
import { openLinux } from './platform/linux.ts'

/** What an hbs of the stand answers, and where it listens; by itself anywhere. */
export interface UpstreamOptions {
  readonly plugins?: readonly string[]
  readonly metrics?: readonly { Metric: string; Tags: string }[]
  readonly trusted?: string
  readonly port?: number
}

/** A transfer and an hbs in one. */
export interface Upstream {
  readonly address: string
  readonly port: number
  /** Samples that arrived, in order. */
  readonly taken: ReceivedItem[]
  /** What agents said with each beat. */
  readonly reports: unknown[]
  readonly close: () => Promise<void>
}

/** What a test gives an agent; the process's own otherwise. */
export interface TestSurroundings {
  /** Receives each line of the log. */
  readonly lines?: string[]
  readonly now?: () => number
}

export interface StandAgent {
  readonly agent: RunningAgent
  readonly ask: (path: string, init?: RequestInit) => Promise<Response>
  /** What a reload reads. */
  readonly file: { current: Record<string, unknown> }
}

/** Whole agents on this machine, with real peers. */
export interface AgentStand {
  /** A folder of its own, where relative paths of the configuration begin. */
  readonly root: string
  readonly upstream: (options: UpstreamOptions) => Promise<Upstream>
  readonly agentWith: (settings: Record<string, unknown>, surroundings?: TestSurroundings) => Promise<StandAgent>
  /** Ends all that was started, the youngest first. */
  clean(): Promise<void>
}

const quiet = createLogger('agent', { destination: { write: () => undefined } })

export function createAgentStand(): AgentStand {
  const root = mkdtempSync(join(tmpdir(), 'agent-'))
  const cleaning: (() => Promise<unknown> | void)[] = []
  return {
    root,
    async upstream(options) {
      const taken: ReceivedItem[] = []
      const reports: unknown[] = []
      let timestamp = 0
      const answer = (name: string, make: (argument: unknown) => unknown) =>
        defineMethod({ name, read: ({ value }) => ({ ok: true, value }), handle: make })
      const server = await listenRpc({
        listen: `127.0.0.1:${options.port ?? 0}`,
        methods: [
          defineMethod({
            name: 'Transfer.Update',
            read: readMetricValues,
            handle(items: (ReceivedItem | null)[]) {
              taken.push(...items.filter((item) => item !== null))
              return { Message: 'ok', Total: items.length, Invalid: 0, Latency: 0 }
            },
          }),
          answer('Agent.ReportStatus', (report) => {
            reports.push(report)
            return { code: 0 }
          }),
          answer('Agent.MinePlugins', () => ({ Plugins: options.plugins ?? [], Timestamp: ++timestamp })),
          answer('Agent.TrustableIps', () => options.trusted ?? ''),
          answer('Agent.BuiltinMetrics', () => ({
            Metrics: options.metrics ?? [],
            Checksum: JSON.stringify(options.metrics),
            Timestamp: ++timestamp,
          })),
        ],
        context: undefined,
        log: quiet,
        counters: createCounters(),
      })
      let closed: Promise<void> | undefined
      const close = () => (closed ??= server.close())
      cleaning.push(close)
      return { address: `127.0.0.1:${server.port}`, port: server.port, taken, reports, close }
    },
    async agentWith(settings, { lines = [], now = Date.now } = {}) {
      const log = createLogger('agent', { destination: { write: (line) => lines.push(line) } })
      const file = { current: settings }
      const agent = await startAgent(agentConfig.parse(settings), log, {
        root,
        platform: openLinux('/'),
        systemName: 'system.example',
        endpointFromEnvironment: undefined,
        childEnv: { PATH: process.env['PATH'] ?? '' },
        version: '9.9',
        use: () => ({ cpuSeconds: 0, rssBytes: 1 }),
        now,
        random: Math.random,
        readConfig: async () => agentConfig.parse(file.current),
        exit: () => undefined,
        collectGarbage: () => Promise.resolve(),
      })
      cleaning.push(() => agent.stop())
      const ask = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${agent.port}${path}`, init)
      return { agent, ask, file }
    },
    async clean() {
      for (const clean of cleaning.splice(0).toReversed()) await clean()
      rmSync(root, { recursive: true, force: true })
    },
  }
}
