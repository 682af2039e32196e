import { z } from 'zod'
import { flag, listenText } from '#lib/config'

export type GraphQueryConfig = z.output<typeof graphQueryConfig>

const archive = z.object({
  steps: z.int().min(1).max(1_000_000).describe('steps a row covers; 1 is the raw points'),
  rows: z.int().min(1).max(1_000_000).describe('rows that are answered from it'),
})

const ring = z.record(z.string(), z.string())

const address = z.url({ protocol: /^https?$/, error: 'must be an http or https address' })
const victoriametrics = z
  .object({
    write: address.default('http://127.0.0.1:8428/api/v1/write').describe('where remote write goes, with its path'),
    read: address.default('http://127.0.0.1:8428').describe('what stands before /api/v1 when it is asked'),
    delete: address.or(z.literal('')).default('').describe('the same when series are deleted; empty: made from read'),
    username: z.string().default('').describe('for basic authentication; empty: none'),
    password: z.string().default(''),
    timeout: z.int().min(100).default(10_000).describe('milliseconds it may take to answer'),
    rewriteSeconds: z
      .int()
      .min(0)
      .max(600)
      .default(20)
      .describe('seconds of samples that are written again when the server dies; what it keeps in memory'),
  })
  .prefault({})
  .describe('used when storage.engine is victoriametrics')

const settings = z
  .object({
    debug: flag(),
    http: z
      .object({ enabled: flag(true), listen: listenText.default('127.0.0.1:6071') })
      .prefault({})
      .describe('counters, health and configuration'),
    rpc: z
      .object({ enabled: flag(true), listen: listenText.default('127.0.0.1:6070') })
      .prefault({})
      .describe('the link on which transfers send samples and other graphs ask'),
    query: z
      .object({
        enabled: flag(true),
        listen: listenText.default('127.0.0.1:9966'),
        mostSeries: z.int().min(1).default(10_000).describe('series of one call'),
        mostPoints: z
          .int()
          .min(1000)
          .default(2_000_000)
          .describe('points of one call; coarser rows come before an error'),
        mostDays: z.number().min(1).max(36_600).default(3660).describe('days that one call may span'),
        timeoutSeconds: z.number().min(1).max(3600).default(60).describe('seconds that one call may take'),
      })
      .prefault({})
      .describe('history and search for people and programs'),
    storage: z
      .object({
        engine: z.enum(['local', 'victoriametrics']).default('local').describe('who keeps the series'),
        dir: z.string().min(1).default('var/graph-query').describe('relative to the project folder'),
        rawDays: z.number().min(0.5).max(3650).default(30).describe('days for which raw points are kept'),
        archives: z
          .array(archive)
          .min(1)
          .default([
            { steps: 1, rows: 720 },
            { steps: 5, rows: 576 },
            { steps: 20, rows: 504 },
            { steps: 180, rows: 766 },
            { steps: 720, rows: 730 },
          ]),
        lateSeconds: z.int().min(0).default(7200).describe('how long coarser rows wait for late points'),
        expireDays: z.number().min(1).default(366).describe('days of silence after which a series is forgotten'),
        strict: flag().describe('acknowledge only what the disk has, not what the operating system has'),
        syncMs: z.int().min(10).default(1000).describe('milliseconds between syncs of the log to the disk'),
        maintainMs: z
          .int()
          .min(10)
          .default(10_000)
          .describe('milliseconds between looks at what is to be written or merged'),
        headMegabytes: z.int().min(16).default(2048).describe('points in memory before they are written early'),
        mostSeries: z.int().min(1).default(20_000_000).describe('series of this node'),
        resyncWaitSeconds: z
          .number()
          .min(0)
          .max(86_400)
          .default(60)
          .describe('seconds for which a node without a store waits for another copy of it that is away; 0: asks none'),
        copyMegabytes: z
          .number()
          .min(1)
          .max(100_000)
          .default(32)
          .describe('megabytes a second in which this node gives copies of its store'),
      })
      .prefault({}),
    victoriametrics,
    ledger: z
      .object({ keepDays: z.int().min(1).max(3650).default(30).describe('days for which the ledger is kept') })
      .prefault({}),
    node: z.string().default('').describe('the name of this node in `cluster`'),
    cluster: ring
      .default({})
      .describe('every graph node: name → "host:port" of its link, or several; empty when this is the only one'),
    previousCluster: ring
      .or(z.array(ring))
      .default({})
      .describe(
        'the nodes before the cluster grew or shrank, asked for what the owners of today do not know; or several such, the latest first',
      ),
    replicas: z.int().min(1).max(10_000).default(500).describe('points a node has on the ring'),
    callTimeout: z.int().min(1).default(5000).describe('milliseconds another graph may take to answer'),
    trusted: z.array(z.string()).default([]).describe('addresses that count like loopback'),
    token: z
      .string()
      .default('')
      .describe('opens the query port and the trusted routes from anywhere; empty: no token does'),
  })
  .superRefine((config, context) => {
    const steps = config.storage.archives.map((archive) => archive.steps)
    if (new Set(steps).size < steps.length)
      context.addIssue({ code: 'custom', path: ['storage', 'archives'], message: 'two archives have the same steps' })
    if (Object.keys(config.cluster).length > 0 && !(config.node in config.cluster))
      context.addIssue({ code: 'custom', path: ['node'], message: 'must be one of the names in cluster' })
  })

/** The name of an engine may stand for all of `storage`: `"storage": "victoriametrics"`. */
function withEngine(file: unknown): unknown {
  const { storage } = (file ?? {}) as { storage?: unknown }
  return typeof storage === 'string' ? { ...(file as object), storage: { engine: storage } } : file
}

export const graphQueryConfig = z.preprocess(withEngine, settings)

/** Keys whose change counts at once after a reload. */
export const reloadable: readonly string[] = [
  'debug',
  'trusted',
  'token',
  'query.mostSeries',
  'query.mostPoints',
  'query.mostDays',
  'query.timeoutSeconds',
]
