import { z } from 'zod'
import { flag, listenText } from '#lib/config'
import { parseCluster } from './cluster.ts'
import { sinkNames, sinkProblems, sinkSections, spoolOverride } from './sinks/sections.ts'

export type TransferConfig = z.output<typeof transferConfig>

const milliseconds = (value: number) => z.int().min(1).default(value)

/** A ring of judge or graph nodes, as Open-Falcon writes it. */
function ringSection(cluster: Record<string, string>) {
  return z.object({
    enabled: flag(true),
    batch: z.int().min(1).default(200).describe('accepted from old files; the link makes its own batches'),
    connTimeout: milliseconds(1000).describe('milliseconds'),
    callTimeout: milliseconds(5000).describe('milliseconds a peer may take to acknowledge before it is called dead'),
    maxConns: z.int().default(32).describe('accepted from old files; one link connection serves an address'),
    maxIdle: z.int().default(32).describe('accepted from old files'),
    replicas: z.int().min(1).max(10_000).default(500).describe('points a node has on the ring'),
    cluster: z
      .record(z.string(), z.string())
      .default(cluster)
      .describe('node name → "host:port", or several separated by commas'),
    maxInFlight: z.int().min(1).default(500_000).describe('samples held in memory per address; more go to the spool'),
    spool: spoolOverride,
  })
}

export const transferConfig = z
  .object({
    debug: flag(),
    workers: z
      .int()
      .min(0)
      .max(64)
      .default(0)
      .describe('processes that take samples; 0: one for each four cores, at least one'),
    minStep: z.int().min(1).default(30).describe('seconds; shorter steps are raised to this'),
    trusted: z.array(z.string()).default([]).describe('addresses that may use the trusted HTTP routes'),
    token: z.string().default('').describe('opens the trusted HTTP routes for any address; empty: none does'),
    http: z
      .object({
        enabled: flag(true),
        listen: listenText.default('127.0.0.1:6060'),
        pushFrom: z.enum(['trusted', 'any']).default('trusted').describe('who may use /api/push'),
        maxBodyBytes: z
          .int()
          .min(1024)
          .default(32 * 2 ** 20),
      })
      .prefault({}),
    rpc: z
      .object({
        enabled: flag(true),
        listen: listenText.default('0.0.0.0:8433'),
        maxRequestBytes: z
          .int()
          .min(1024)
          .default(32 * 2 ** 20),
        requestTimeoutSeconds: z.int().min(1).default(30).describe('to complete a request that has begun'),
      })
      .prefault({}),
    socket: z
      .object({
        enabled: flag(true),
        listen: listenText.default('127.0.0.1:4444'),
        timeout: z
          .int()
          .min(1)
          .max(2_000_000)
          .default(3600)
          .describe('seconds of silence before a connection is closed'),
        maxLineBytes: z.int().min(64).default(8192),
        maxLines: z
          .int()
          .min(1)
          .default(10_000)
          .describe('lines held before they are processed without waiting for quit'),
        maxConnections: z.int().min(1).default(1000),
      })
      .prefault({}),
    judge: ringSection({ 'judge-00': '127.0.0.1:6080' })
      .extend({
        spoolMaxAgeSeconds: z.int().min(1).default(3600).describe('older samples are of no use to a judge'),
      })
      .prefault({}),
    graph: ringSection({ 'graph-00': '127.0.0.1:6070' }).prefault({}),
    spool: z
      .object({
        dir: z.string().min(1).default('var/transfer/spool').describe('relative to the project folder'),
        maxBytes: z
          .int()
          .min(2 ** 20)
          .default(2 ** 30)
          .describe('per destination'),
        maxAgeSeconds: z
          .int()
          .min(1)
          .default(7 * 86_400),
        replayPerSecond: z
          .int()
          .min(1)
          .default(200_000)
          .describe('spooled samples sent again each second beside new ones, per destination'),
      })
      .prefault({}),
    series: z
      .object({
        max: z.int().min(1).default(4_000_000).describe('distinct series remembered; samples of more are refused'),
        idleSeconds: z.int().min(1).default(7200).describe('a series that was silent for so long is forgotten'),
      })
      .prefault({}),
    rejected: z
      .object({ examples: z.int().min(1).max(1000).default(20).describe('kept for each reason') })
      .prefault({}),
    ...sinkSections,
    ledger: z
      .object({ keepDays: z.int().min(1).max(3650).default(30).describe('days for which the ledger is kept') })
      .prefault({}),
  })
  .superRefine((config, context) => {
    const sinks = sinkNames.filter((name) => config[name].enabled && !unservedSections(config).includes(name))
    if (!config.judge.enabled && !config.graph.enabled && sinks.length === 0)
      context.addIssue({
        code: 'custom',
        path: ['judge', 'enabled'],
        message: 'and graph.enabled are both false, and so is every sink: samples would be acknowledged and go nowhere',
      })
    for (const { path, message } of sinkProblems(config)) context.addIssue({ code: 'custom', path, message })
    for (const [name, address] of config.transfer.enabled ? Object.entries(config.transfer.cluster) : []) {
      const own = ownAddress(config, address)
      if (own !== undefined)
        context.addIssue({
          code: 'custom',
          path: ['transfer', 'cluster', name],
          message: `is this transfer's own ${own}`,
        })
    }
    for (const ring of ['judge', 'graph'] as const) {
      // A ring that is off may hold anything: an old gateway's file keeps places nobody has filled in.
      if (!config[ring].enabled) continue
      const read = parseCluster(config[ring].cluster)
      if (!read.ok) context.addIssue({ code: 'custom', path: [ring, 'cluster'], message: read.reason })
      if (Object.keys(config[ring].cluster).length === 0)
        context.addIssue({ code: 'custom', path: [ring, 'cluster'], message: 'needs at least one node while enabled' })
      for (const [node, addresses] of Object.entries(config[ring].cluster)) {
        const own = ownAddress(config, addresses)
        if (own !== undefined)
          context.addIssue({ code: 'custom', path: [ring, 'cluster', node], message: `is this transfer's own ${own}` })
      }
    }
  })

/** Sections that are enabled in the file although what they ask for is not served. */
export function unservedSections({ p8s_relay: { enabled, url } }: Pick<TransferConfig, 'p8s_relay'>): string[] {
  return enabled && url === '' ? ['p8s_relay'] : []
}

/** The listener that one of the addresses reaches, so that a loop is found before it runs. */
function ownAddress(
  config: { rpc: { listen: string }; http: { listen: string }; socket: { listen: string } },
  addresses: string,
): string | undefined {
  const listeners = ['rpc', 'http', 'socket'] as const
  return listeners
    .map((name) => ({ name: `${name}.listen`, listen: config[name].listen }))
    .find(({ listen }) => addresses.split(',').some((address) => reaches(address.trim(), listen)))?.name
}

function reaches(address: string, listen: string): boolean {
  const [, host = '', port] = /^(.*):(\d+)$/.exec(address) ?? []
  const [, listenHost = '', listenPort] = /^(.*):(\d+)$/.exec(listen) ?? []
  if (port === undefined || port !== listenPort || port === '0') return false
  const everywhere = listenHost === '' || listenHost === '0.0.0.0' || listenHost === '[::]'
  return host === listenHost || (everywhere && (host === 'localhost' || host.startsWith('127.')))
}
