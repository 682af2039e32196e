import { z } from 'zod'
import { flag, listenText } from '#lib/config'
import { channelConfig } from './channel-config.ts'

export type AlarmConfig = z.output<typeof alarmConfig>

const priorities = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `event:p${from + i}`)
const workers = (value: number) => z.int().min(1).max(1000).default(value)
const url = z.string().default('')
const ignored = 'accepted from old files'

export const alarmConfig = z.object({
  debug: flag(),
  log_level: z.string().default('info').describe('accepted from old files; debug: as debug true'),
  uicToken: z.string().default('').describe(ignored),
  queue: z.record(z.string(), z.string()).default({}).describe(ignored),
  dir: z.string().min(1).default('var/alarm').describe('the ledger of counts; relative to the project folder'),
  database: z
    .string()
    .default('')
    .describe(
      'portal tables, cases and deliveries, as hbs has it; empty: falcon_portal.addr, else sqlite:var/falcon.db',
    ),
  falcon_portal: z
    .object({
      addr: z.string().default('').describe('the same in an old file; may name any of the databases of the server'),
      idle: z.int().min(0).default(10).describe('connections kept while there is nothing to do'),
      max: z.int().min(1).max(1000).default(20).describe('connections at most'),
    })
    .prefault({}),
  applySchema: z
    .boolean()
    .optional()
    .describe('make missing tables at start; default: true, since alarm needs its own'),
  http: z.object({ enabled: flag(true), listen: listenText.default('127.0.0.1:9912') }).prefault({}),
  trusted: z.array(z.string()).default([]).describe('addresses that may use the trusted HTTP routes'),
  token: z.string().default('').describe('opens the trusted HTTP routes for any address; empty: none does'),
  redis: z
    .object({
      addr: z
        .string()
        .default('')
        .describe('host:port or redis://…; empty: events come from the table in the database'),
      password: z.string().optional(),
      sentinel: z.object({ name: z.string(), addresses: z.array(listenText).min(1) }).optional(),
      cluster: z.array(listenText).optional(),
      connTimeout: z.int().min(1).default(5000).describe('milliseconds'),
      readTimeout: z.int().min(1).default(5000).describe('milliseconds'),
      maxIdle: z.int().default(5).describe(ignored),
      highQueues: z.array(z.string().min(1)).default(priorities(0, 2)).describe('lists whose events are told at once'),
      lowQueues: z.array(z.string().min(1)).default(priorities(3, 6)).describe('lists whose events are merged'),
      userIMQueue: z.string().default('').describe(ignored),
      userSmsQueue: z.string().default('').describe(ignored),
      userMailQueue: z.string().default('').describe(ignored),
    })
    .prefault({}),
  api: z
    .object({
      sms: url.describe(
        "URL of the SMS provider in Open-Falcon's protocol; empty: no SMS, unless a channel of this name",
      ),
      im: url.describe('of the provider of instant messages'),
      mail: url.describe('of the mail provider'),
      dashboard: url.describe('the web pages that links in texts lead to'),
      plus_api: url.describe('accepted from old files; people are read from the tables'),
      plus_api_token: z.string().default('').describe(ignored),
      portal: url.describe(ignored),
      uic: url.describe(ignored),
      links: url.describe(ignored),
    })
    .prefault({}),
  worker: z
    .object({ im: workers(10), sms: workers(10), mail: workers(50) })
    .prefault({})
    .describe('messages of a channel under way at once'),
  channels: z
    .record(z.string().regex(/^[\w.-]{1,64}$/, 'must be letters, digits, dots, dashes; at most 64'), channelConfig)
    .default({})
    .describe('ways to reach people; sms, im and mail take the place of those under api'),
  callback: z
    .object({
      enabled: flag(true),
      workers: workers(20),
      connectTimeoutMs: z.int().min(1).default(3000),
      timeoutMs: z.int().min(1).default(20_000),
    })
    .prefault({}),
  merge: z
    .object({
      waitSeconds: z
        .int()
        .min(0)
        .max(86_400)
        .default(60)
        .describe('the first notice of a group waits so long for others'),
      intervalSeconds: z.int().min(0).max(86_400).default(0).describe('least time between two messages of a group'),
      by: z
        .array(z.string().regex(/^(?:priority|status|metric|endpoint|rule|tag:.+)$/))
        .default(['priority', 'status', 'metric'])
        .describe(
          'what notices of a group share, beside person and channel: priority, status, metric, endpoint, rule, tag:<k>',
        ),
    })
    .prefault({}),
  delivery: z
    .object({
      tries: z.int().min(1).max(100).default(12).describe('then the message is dead, until somebody resends it'),
      firstPauseMs: z.int().min(1).default(2000).describe('after the first failure; doubles'),
      longestPauseMs: z.int().min(1).default(300_000),
      pollMs: z.int().min(10).default(1000).describe('between two looks for messages of other processes and retries'),
    })
    .prefault({}),
  intake: z
    .object({
      batch: z.int().min(1).max(1000).default(200).describe('events recorded in one transaction'),
      pollMs: z.int().min(10).default(200).describe('between two looks at an empty queue'),
      leaseSeconds: z.int().min(1).max(3600).default(15).describe('after which events of a dead process go to another'),
    })
    .prefault({}),
  reloadSeconds: z.int().min(1).max(3600).default(15).describe('between two readings of actions, teams and people'),
  housekeeper: z
    .object({
      event_retention_days: z.int().min(1).max(3650).default(7).describe('of events and of what was delivered'),
      event_delete_batch: z.int().min(1).max(10_000).default(100).describe('rows deleted at a time'),
    })
    .prefault({}),
  ledger: z
    .object({ keepDays: z.int().min(1).max(3650).default(30).describe('days for which the ledger of counts is kept') })
    .prefault({}),
})

/** Where the tables are. */
export function databaseOf({ database, falcon_portal }: AlarmConfig): string {
  if (database !== '') return database
  return falcon_portal.addr === '' ? 'sqlite:var/falcon.db' : falcon_portal.addr
}

/** Whether events come from Redis; otherwise they come from the table. */
export function usesRedis({ redis }: AlarmConfig): boolean {
  return redis.addr !== '' || redis.sentinel !== undefined || redis.cluster !== undefined
}

/** Keys whose change counts at once. */
export const reloadable: readonly string[] = ['debug', 'trusted', 'token', 'merge', 'reloadSeconds', 'housekeeper']
