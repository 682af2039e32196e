import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { loadConfig } from '#lib/config'
import { createCounters } from '#lib/counters'

import { openEventConsumer } from '#lib/event-queue'
import type { EventConsumer } from '#lib/event-queue'
import { startHttp } from '#lib/http'
import { ledgerPage, startLedger } from '#lib/ledger'
import type { Logger } from '#lib/log'
import { createModuleMetrics, metricsPage } from '#lib/metrics'
import { mergeReload, projectRoot, withoutSecrets } from '#lib/module'
import type { Reload, Running } from '#lib/module'
import { applySchema, openDatabase } from '#lib/sql'
import type { Database } from '#lib/sql'
import { alarmAccounts } from './accounts.ts'
import { callbackHandOver } from './callback/hand-over.ts'
import { channelsOf } from './channels.ts'
import type { Channel } from './channels.ts'
import { alarmConfig, databaseOf, reloadable, usesRedis } from './config.ts'
import type { AlarmConfig } from './config.ts'
import { startDelivery } from './delivery/delivery.ts'
import { createMessageStore } from './delivery/message-store.ts'
import { alarmRoutes } from './http/routes.ts'
import { startIntake } from './intake/intake.ts'
import { planEvent } from './intake/plan.ts'
import type { Plan, Planning } from './intake/plan.ts'
import { readEvent } from './events/read-event.ts'
import { ruleOf } from './events/rule-of.ts'
import { recordOrSetAside } from './intake/set-aside.ts'
import { createLedgerQueries } from './ledger/queries.ts'
import { mergeDue } from './merging/merge.ts'
import { metricNames } from './metric-names.ts'
import { loadDirectory } from './people/directory.ts'
import { startDirectoryKeeper } from './people/directory-keeper.ts'
import { startRepeatedTask } from './upkeep/repeated-task.ts'
import { deleteOld } from './upkeep/retention.ts'

/** A running alarm. `http` is undefined when its section is not enabled. */
export interface RunningAlarm extends Running {
  readonly ports: { readonly http: number | undefined }
  reload(config: AlarmConfig): Reload
}

const mergeEveryMs = 1000
const retentionEveryMs = 60_000

/**
 * Opens the tables, then takes events, delivers and listens. A database or Redis that is away does not keep it from starting:
 * events wait where they are. `now` is in milliseconds. `configFile` is read again by `/config/reload`.
 * @throws when the database file cannot be opened or the port is taken; what was opened by then is closed again.
 */
export async function startAlarm(
  initial: AlarmConfig,
  log: Logger,
  configFile: string,
  now: () => number = Date.now,
): Promise<RunningAlarm> {
  let config = initial
  const counters = createCounters(now)
  const channels = channelsOf(config)
  // Of this run alone: what an earlier one held is given to whoever lives.
  const process = `${hostname().slice(0, 24)}-${randomBytes(4).toString('hex')}`
  const opened: (() => Promise<void> | void)[] = []
  /** Last opened, first closed: no more events, then the messages under way, then the database. */
  const stop = async () => {
    for (const close of opened.splice(0).toReversed()) await close()
  }
  const planning = (): Planning => ({
    channels,
    dashboard: config.api.dashboard.replace(/\/+$/, ''),
    callback: config.callback.enabled,
    merge: config.merge,
  })

  try {
    const ledger = startLedger({
      module: 'alarm',
      dir: join(isAbsolute(config.dir) ? config.dir : join(projectRoot, config.dir), 'ledger'),
      keepDays: config.ledger.keepDays,
      accounts: () => alarmAccounts,
      counters,
      log,
      now,
    })
    opened.push(() => ledger.stop())
    const database = openDatabase(databaseOf(config), {
      maxConnections: config.falcon_portal.max,
      maxIdle: config.falcon_portal.idle,
    })
    opened.push(() => database.close())
    const prepare = preparation(database, config)
    const directory = startDirectoryKeeper({
      load: async () => {
        await prepare()
        return loadDirectory(database)
      },
      reloadSeconds: () => config.reloadSeconds,
      counters,
      log,
      now,
    })
    opened.push(() => directory.stop())
    const store = createMessageStore(database, process, now)
    const delivery = startDelivery({
      channels,
      callback: config.callback.enabled
        ? {
            handOver: callbackHandOver({ store, directory, planning, limits: config.callback, now }),
            workers: config.callback.workers,
            timeoutMs: config.callback.timeoutMs,
          }
        : undefined,
      store: { ...store, claim: async (...claim) => (await prepare(), store.claim(...claim)) },
      retry: config.delivery,
      counters,
      log,
      now,
    })
    opened.push(() => delivery.stop())

    const merging = startRepeatedTask({
      name: 'merging',
      everyMs: mergeEveryMs,
      async work() {
        await prepare()
        const { channels: woken, more } = await mergeDue({
          database,
          channel: (name) => channels.find((channel) => channel.name === name),
          dashboard: planning().dashboard,
          intervalMs: () => config.merge.intervalSeconds * 1000,
          now,
        })
        delivery.wake(woken)
        return more
      },
      counters,
      log,
    })
    opened.push(() => merging.stop())
    const retention = startRepeatedTask({
      name: 'retention',
      everyMs: retentionEveryMs,
      async work() {
        await prepare()
        const { event_retention_days: days, event_delete_batch: batch } = config.housekeeper
        return deleteOld(database, { days, batch }, now)
      },
      counters,
      log,
    })
    opened.push(() => retention.stop())

    const consumer = openConsumer(config, database, process, log)
    const intake = startIntake({
      consumer,
      async record(events) {
        await prepare()
        const wanted = events.flatMap(({ text }) => {
          const read = readEvent(text)
          return read.ok ? [ruleOf(read.value).actionId] : []
        })
        let people = await directory.current()
        if (wanted.some((id) => id > 0 && !people.action(id))) people = await directory.fresh()
        return recordOrSetAside(events, {
          database,
          now,
          plan: ({ event, queue }) =>
            planEvent(planning(), {
              event,
              urgent: config.redis.highQueues.includes(queue),
              directory: people,
              now: now(),
            }),
        })
      },
      told: (plans) => delivery.wake(channelsIn(plans)),
      batch: config.intake.batch,
      pollMs: config.intake.pollMs,
      counters,
      log,
    })
    opened.push(() => intake.stop())

    const reload = (fresh: AlarmConfig): Reload => {
      const merged = mergeReload(config, fresh, reloadable)
      config = merged.config
      log.level = config.debug ? 'debug' : 'info'
      return merged.changes
    }
    const metrics = createModuleMetrics({ module: 'alarm', counters, names: metricNames })
    const http = config.http.enabled
      ? await startHttp(
          {
            listen: config.http.listen,
            trust: () => ({ addresses: config.trusted, token: config.token }),
            bodyLimit: 256 * 1024,
            pages: { '/metrics': metricsPage(metrics), '/ledger': ledgerPage(ledger, now) },
            log,
          },
          alarmRoutes({
            queries: createLedgerQueries(database, now),
            delivery,
            channels,
            config: () => withoutSecrets(config),
            rows: () => counters.rows(),
            notices: () => noticesOf(intake.failure, channels),
            waiting: () => consumer.waiting(),
            reload: async () => reload(loadConfig(alarmConfig, configFile).value),
            now,
          }),
        )
      : undefined
    if (http) opened.push(() => http.close())
    log.info({ http: http?.port, tables: database.name, channels: channels.map(({ name }) => name) }, 'listening')
    return { ports: { http: http?.port }, reload, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Makes the tables that are missing, ours among them, before the first use of the database. */
function preparation(database: Database, config: AlarmConfig): () => Promise<void> {
  let done: Promise<unknown> | undefined = config.applySchema === false ? Promise.resolve() : undefined
  return async () => {
    // A failure is not kept: the next one tries again.
    done ??= applySchema(database).catch((error: unknown) => {
      done = undefined
      throw error
    })
    await done
  }
}

function openConsumer(config: AlarmConfig, database: Database, name: string, log: Logger): EventConsumer {
  const { redis, intake } = config
  return openEventConsumer({
    ...(usesRedis(config)
      ? {
          redis: {
            dsn: redis.addr === '' ? undefined : redis.addr,
            password: redis.password,
            sentinel: redis.sentinel,
            cluster: redis.cluster,
            connectTimeoutMs: redis.connTimeout,
            commandTimeoutMs: redis.readTimeout,
          },
        }
      : { database }),
    queues: [...redis.highQueues, ...redis.lowQueues],
    name,
    leaseMs: intake.leaseSeconds * 1000,
    log,
  })
}

const channelsIn = (plans: readonly Plan[]) => new Set(plans.flatMap((plan) => plan.messages.map((one) => one.channel)))

/** What an operator should know although everything runs. */
function noticesOf(failure: string | undefined, channels: readonly Channel[]): string[] {
  return [
    ...(failure === undefined ? [] : [failure]),
    ...(channels.length === 0 ? ['no channel is configured: cases are recorded, nobody is told'] : []),
  ]
}
