import { isAbsolute } from 'node:path'
import { z } from 'zod'
import { parseListen } from '#lib/address'
import { flag, listenText } from '#lib/config'
import { parseCheck } from './checks/index.ts'
import { withoutPasswords } from './checks/passwords.ts'
import { peerList } from './peers.ts'
import { ignored, windowsCollector } from './windows-agent-config.ts'

/** Texts of `host:port` where a peer listens, at least one, divided by commas; empty for none. */
const peers = z.string().refine((text) => peerList(text).every((peer) => parseListen(peer) !== undefined), {
  error: 'must be host:port, several divided by commas',
})

const seconds = (value: number) => z.int().min(1).max(86_400).default(value)
const megabytes = (value: number) => z.number().positive().max(1_000_000).default(value)
const orEmpty = <S extends z.ZodType>(schema: S) => schema.nullish().transform((value) => value ?? [])

/** A check as a strategy would ask for it; `options` add what does not belong into tags. */
const localCheck = z
  .strictObject({
    metric: z.string(),
    tags: z.string().default(''),
    options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)).default({}),
  })
  .superRefine(({ metric, tags, options }, context) => {
    const read = parseCheck(metric, tags, options)
    if (!read.ok)
      context.addIssue({ code: 'custom', path: ['metric'], message: withoutPasswords(`${metric}: ${read.reason}`) })
  })

/** `agent/cfg.json`: the members of falcon-plus' agent, then ours (each with a safe default). */
export const agentConfig = z.object({
  debug: flag(),
  hostname: z.string().default('').describe('Endpoint; else env FALCON_ENDPOINT, else the name of the system'),
  ip: z.string().default('').describe('Reported to hbs; else the address that hbs is reached from'),
  hostRoot: z
    .string()
    .refine((path) => path === '' || isAbsolute(path), { error: 'must be an absolute path' })
    .default('')
    .describe('In a container: where the root of the watched host is mounted; else env NUX_ROOTFS, else /'),
  plugin: z
    .object({
      enabled: flag(),
      dir: z.string().default('var/agent/plugin'),
      git: z.string().default(''),
      logs: z.string().default('var/agent/logs').describe('Where the stderr of plugins goes'),
      parallel: z.int().min(1).max(1000).default(10).describe('Runs at the same time'),
      outputKilobytes: z.int().min(1).max(65_536).default(1024).describe('More output than this ends a run'),
      cpuPercent: z
        .int()
        .min(1)
        .max(100_000)
        .default(200)
        .describe('Processor time of a run over its cycle, in percent of one processor'),
      memoryMegabytes: z.int().min(1).max(10_000_000).default(1024).describe('Memory of a run with all it starts'),
      processes: z.int().min(1).max(1_000_000).default(256).describe('Of a run at the same time, or left by its runs'),
      leftovers: z
        .enum(['keep', 'end'])
        .default('keep')
        .describe('What becomes of processes that a run left in the background'),
      metrics: flag(true).describe('Whether plugin.exit, plugin.duration and plugin.failed are sent'),
      gitSeconds: seconds(120).describe('How long a clone or pull may take'),
      updateSeconds: z
        .union([z.literal(0), z.int().min(60).max(86_400)])
        .default(0)
        .describe('Seconds between two updates by itself; 0: only when asked'),
    })
    .prefault({}),
  heartbeat: z
    .object({
      enabled: flag(),
      addr: peers.default(''),
      interval: seconds(60),
      timeout: z.int().min(1).default(1000).describe('Milliseconds to connect'),
      skewSeconds: seconds(5).describe('How far the clock may be from that of hbs before that is a warning'),
    })
    .prefault({}),
  transfer: z
    .object({
      enabled: flag(),
      addrs: orEmpty(z.array(peers)),
      interval: seconds(60).describe('Seconds between two collections, and the step of what they give'),
      timeout: z.int().min(1).default(1000).describe('Milliseconds to connect'),
    })
    .prefault({}),
  http: z
    .object({
      enabled: flag(),
      listen: z.union([z.literal(''), listenText]).default('127.0.0.1:1988'),
      backdoor: flag().describe('Whether /run exists'),
      pushFrom: z
        .enum(['trusted', 'any'])
        .default('trusted')
        .describe('Who may push samples: this host and trusted addresses, or anybody'),
      bodyMegabytes: megabytes(16).describe('Longest body of a push'),
      runSeconds: seconds(30).describe('How long a command of /run may take'),
      runKilobytes: z.int().min(1).max(65_536).default(1024).describe('Longest output of a command of /run'),
    })
    .prefault({}),
  collector: z
    .object({
      ifacePrefix: orEmpty(z.array(z.string())).describe('Network devices whose name starts with one of these'),
      ifaceInclude: orEmpty(z.array(z.string())).describe(
        'And those that fit one of these: * is anything, ? one character',
      ),
      ifaceExclude: z
        .array(z.string())
        .optional()
        .describe('But never these; by itself those of containers and guests'),
      mountPoint: orEmpty(z.array(z.string())).describe('Only these mount points; empty for all'),
      ntpServers: z
        .union([z.literal(false), z.array(z.string())])
        .default([])
        .describe("Asked for the time every five minutes; empty for those of this host's time service, false for none"),
      systemdUnits: orEmpty(z.array(z.string())).describe(
        'Units watched one by one: names, * is anything, ? one character',
      ),
      ...windowsCollector,
    })
    .prefault({}),
  checks: orEmpty(z.array(localCheck)).describe('What is watched from here besides what the portal asks for'),
  default_tags: z
    .record(z.string(), z.string())
    .nullish()
    .transform((tags) => tags ?? {})
    .describe('Appended to the tags of every sample'),
  ignore: ignored
    .nullish()
    .transform((metrics) => metrics ?? {})
    .describe('Metrics of our own collection that are not sent'),
  trusted: z.array(z.string()).default([]).describe('May change things here, beside this host and those hbs names'),
  token: z.string().default('').describe('Opens what is for the trusted to any address; empty: no token does'),
  dataDir: z.string().default('var/agent').describe('What the agent remembers over a restart'),
  spool: z
    .object({
      dir: z.string().default('var/agent/spool'),
      maxBytes: z
        .int()
        .min(2 ** 20)
        .default(30 * 2 ** 20),
      maxAgeSeconds: z.int().min(60).default(86_400),
    })
    .prefault({}),
  modules: z
    .union([z.literal('local'), z.record(z.string().regex(/^[a-z][a-z-]*$/), listenText)], {
      error: 'must be "local", or names of modules with the host:port of their HTTP port',
    })
    .default('local')
    .describe('Modules whose /metrics are sent as metrics of this host: those that run here, or {"name":"host:port"}'),
  limits: z
    .object({
      memoryMegabytes: z.int().min(0).max(1_000_000).default(0).describe('Of the agent itself; 0: no limit'),
      cpuPercent: z.int().min(0).max(100_000).default(0).describe('Of one processor, with plugins; 0: no limit'),
    })
    .prefault({}),
  ledger: z
    .object({ keepDays: z.int().min(1).max(3650).default(30).describe('days for which the ledger is kept') })
    .prefault({}),
  selfMetrics: flag(true).describe('Whether agent.cpu, agent.mem.rss, agent.spool.bytes and so on are sent'),
})

export type AgentConfig = z.output<typeof agentConfig>
