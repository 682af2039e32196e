import { z } from 'zod'
import { flag, listenText } from '#lib/config'

export type JudgeConfig = z.output<typeof judgeConfig>

const milliseconds = (value: number) => z.int().min(1).default(value)
const seconds = (value: number) => z.int().min(1).max(86_400).default(value)

export const judgeConfig = z
  .object({
    debug: flag(),
    debugHost: z.string().default('').describe('accepted from old files; use /explain'),
    remain: z.int().min(2).default(11).describe('points a series keeps at least; rules that need more get more'),
    historyLimit: z.int().min(2).max(100_000).default(1000).describe('points; a rule that needs more is refused'),
    staleAfterSeconds: z.int().min(0).default(300).describe('older points (and than 3 steps) open no alarm; 0: all do'),
    closeOnChange: flag(true).describe('an open alarm whose rule went away gets an OK event'),
    dir: z.string().min(1).default('var/judge').describe('journal and last rules; relative to the project folder'),
    journalMaxBytes: z
      .int()
      .min(4096)
      .default(64 * 2 ** 20)
      .describe('above this a snapshot takes its place'),
    ledger: z
      .object({ keepDays: z.int().min(1).max(3650).default(30).describe('days for which the ledger is kept') })
      .prefault({}),
    trusted: z.array(z.string()).default([]).describe('addresses that may use the trusted HTTP routes'),
    token: z.string().default('').describe('opens the trusted HTTP routes for any address; empty: none does'),
    http: z.object({ enabled: flag(true), listen: listenText.default('127.0.0.1:6081') }).prefault({}),
    rpc: z.object({ enabled: flag(true), listen: listenText.default('127.0.0.1:6080') }).prefault({}),
    hbs: z
      .object({
        servers: z.array(listenText).min(1).default(['127.0.0.1:6030']),
        timeout: milliseconds(300).describe('milliseconds to connect'),
        callTimeout: milliseconds(10_000).describe('milliseconds for an answer'),
        interval: seconds(60).describe('seconds between two pulls'),
      })
      .prefault({}),
    alarm: z
      .object({
        enabled: flag(true).describe('false: judge, but send no events'),
        minInterval: z.int().min(0).default(300).describe('seconds between two events of one problem'),
        queuePattern: z.string().includes('%v', { error: 'must hold %v for the priority' }).default('event:p%v'),
        maxWaiting: z.int().min(1).default(50_000).describe('events held while the queue is away; then batches wait'),
        database: z.string().min(1).default('sqlite:var/falcon.db').describe('holds the queue when redis.dsn is empty'),
        redis: z
          .object({
            dsn: z.string().default('').describe('host:port or redis://…; empty: the queue is in alarm.database'),
            password: z.string().optional(),
            sentinel: z.object({ name: z.string(), addresses: z.array(listenText).min(1) }).optional(),
            cluster: z.array(listenText).optional(),
            maxIdle: z.int().default(5).describe('accepted from old files'),
            connTimeout: milliseconds(5000),
            readTimeout: milliseconds(5000),
            writeTimeout: milliseconds(5000).describe('accepted from old files; readTimeout bounds a command'),
          })
          .prefault({}),
      })
      .prefault({}),
  })
  .refine((config) => config.historyLimit >= config.remain, {
    path: ['historyLimit'],
    error: 'must not be below remain',
  })

/** Whether events go to Redis; otherwise they go to `alarm.database`. */
export function usesRedis({ alarm }: JudgeConfig): boolean {
  return alarm.redis.dsn !== '' || alarm.redis.sentinel !== undefined || alarm.redis.cluster !== undefined
}

/** Keys whose change counts at once. */
export const reloadable: readonly string[] = [
  'debug',
  'staleAfterSeconds',
  'closeOnChange',
  'trusted',
  'token',
  'hbs.interval',
  'alarm.minInterval',
]
