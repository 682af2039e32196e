import { isAbsolute, join } from 'node:path'
import { createCounters } from '#lib/counters'
import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import type { Trust } from '#lib/http'
import { createRpcClient } from '#lib/rpc'
import { openSpool } from '#lib/spool'
import { createCheckCollectors, parseCheck } from './checks/index.ts'
import type { Check } from './checks/check.ts'
import { createCollectors } from './collectors/index.ts'
import { hbsPeers, transferPeers } from './config.ts'
import type { AgentConfig } from './config.ts'
import { createHeartbeat } from './heartbeat/heartbeat.ts'
import type { Heartbeat } from './heartbeat/heartbeat.ts'
import { loadOrders, noOrders, saveOrders } from './heartbeat/orders.ts'
import type { Orders } from './heartbeat/orders.ts'
import { learnOwnAddress } from './heartbeat/own-address.ts'
import type { Host } from './host/host.ts'
import { agentRoutes } from './http/agent-routes.ts'
import { startAgentServer } from './http/server.ts'
import { systemRoutes } from './http/system-routes.ts'
import { endpointName } from './identity.ts'
import { createLastValues } from './last-values.ts'
import { planPlugins } from './plugins/plan.ts'
import { createPluginRepository } from './plugins/repository.ts'
import { pluginRevision } from './plugins/revision.ts'
import { createPluginScheduler } from './plugins/scheduler.ts'
import { compareConfigs } from './reload.ts'
import type { Reloaded } from './reload.ts'
import { createOwnRounds } from './rounds.ts'
import { phaseOf, startSchedule } from './schedule.ts'
import type { Schedule } from './schedule.ts'
import { createSelfMetrics } from './self-metrics.ts'
import type { SelfUse } from './self-metrics.ts'
import { createIntake } from './sender/intake.ts'
import { tagText } from './sender/outgoing.ts'
import { createSampleQueue } from './sender/queue.ts'
import { startSender } from './sender/sender.ts'
import type { Sender } from './sender/sender.ts'

/** Go's RPC clients wait 10 s for an answer; an acknowledgement of ours takes less than one. */
const transferCallMs = 5000
const hbsCallMs = 10_000

/** What the agent has from the process it runs in. */
export interface Surroundings {
  /** Relative paths of the configuration begin here; also where commands and plugins are run. */
  readonly root: string
  readonly host: Host
  /** Name of the system, the last resort for an endpoint. */
  readonly systemName: string
  /** `FALCON_ENDPOINT` */
  readonly endpointFromEnvironment: string | undefined
  /** What plugins and git see of the environment. */
  readonly childEnv: Readonly<Record<string, string>>
  readonly version: string
  readonly use: () => SelfUse
  readonly now: () => number
  readonly random: () => number
  /** Reads the configuration again; throws when it cannot be used. */
  readonly readConfig: () => AgentConfig
  /** Ends the process, as a signal would. */
  readonly exit: () => void
}

export interface RunningAgent {
  /** Of the HTTP server; undefined when it is switched off. */
  readonly port: number | undefined
  readonly counters: Counters
  reload(config: AgentConfig): Reloaded
  /** Settles when nothing more is sent or written; a second call waits for the first. */
  stop(): Promise<void>
}

/** Starts collection, sending, heartbeat, plugins and the HTTP server. */
export async function startAgent(config: AgentConfig, log: Logger, around: Surroundings): Promise<RunningAgent> {
  const { host, now, random, version, childEnv } = around
  const counters = createCounters(now)
  const startedMs = now()
  const at = (path: string) => (isAbsolute(path) ? path : join(around.root, path))
  let current = config
  const hostname = () => endpointName(current.hostname, around.endpointFromEnvironment, around.systemName)
  const defaultTags = () => tagText(current.default_tags)
  const phase = (name: string, intervalMs: number) => phaseOf(`${hostname()}/${name}`, intervalMs)
  const stopping = new AbortController()
  const schedules: Schedule[] = []
  let stopped: Promise<void> | undefined

  // Sending
  const transfers = transferPeers(config)
  const sender = transfers.length === 0 ? undefined : createSending(config, transfers)
  function createSending(config: AgentConfig, addresses: readonly string[]): Sender {
    const { dir, maxMegabytes, maxAgeHours } = config.spool
    const spool = openSpool({
      dir: at(dir),
      maxBytes: maxMegabytes * 2 ** 20,
      maxAgeSeconds: maxAgeHours * 3600,
      log,
      onDrop(items, reason) {
        counters.add(`dropped.${reason}`, items)
        log.warn({ items, reason }, 'samples dropped from the spool')
      },
    })
    return startSender({
      client: createRpcClient({
        addresses,
        connectTimeoutMs: config.transfer.timeout,
        callTimeoutMs: transferCallMs,
        log,
        random,
      }),
      addressCount: addresses.length,
      queue: createSampleQueue({ spool, counters, log, now }),
      counters,
      log,
      now,
      random,
    })
  }
  counters.gauge('Waiting', () => (sender ? sender.state().memoryItems + sender.state().spoolItems : 0))
  const intake =
    sender &&
    createIntake({
      fill: () => ({ endpoint: hostname(), nowSeconds: Math.floor(now() / 1000), defaultTags: defaultTags() }),
      hold: (items) => sender.add(items),
      counters,
    })

  // Orders of hbs: checks, plugins, trusted addresses
  const ordersFile = join(at(config.dataDir), 'heartbeat.json')
  const hbs = hbsPeers(config)
  let orders: Orders = hbs.length === 0 ? noOrders : loadOrders(ordersFile, log)
  let checks: readonly Check[] = []
  const trust = (): Trust => ({
    addresses: [...current.trust.addresses, ...orders.trustable],
    token: current.trust.token,
  })

  function takeChecks(metrics: Orders['metrics']): void {
    const readings = metrics.map(({ Metric, Tags }) => ({ Metric, Tags, read: parseCheck(Metric, Tags) }))
    checks = readings.flatMap(({ read }) => (read.ok ? [read.value] : []))
    for (const { Metric, Tags, read } of readings)
      if (!read.ok) log.warn({ metric: Metric, tags: Tags, reason: read.reason }, 'check asked for cannot be made')
  }

  const repository = createPluginRepository({
    settings: () => current.plugin,
    root: around.root,
    env: childEnv,
    log,
    onChange: () => void planAgain(),
  })
  const plugins = createPluginScheduler({
    settings: () => ({
      dir: at(current.plugin.dir),
      logs: at(current.plugin.logs),
      cwd: around.root,
      parallel: current.plugin.parallel,
      outputKilobytes: current.plugin.outputKilobytes,
    }),
    env: childEnv,
    hostname,
    take: (output) =>
      intake ? intake.take(output, 'plugin', 'whole text') : { ok: false, reason: 'this agent sends nothing' },
    counters,
    log,
    now,
  })
  async function planAgain(): Promise<void> {
    const entries = current.plugin.enabled ? orders.plugins : []
    const plan = await planPlugins(at(current.plugin.dir), entries)
    if (!stopping.signal.aborted) plugins.apply(plan)
  }

  function takeOrders(fresh: Orders): void {
    const changed = JSON.stringify(fresh) !== JSON.stringify(orders)
    const checksChanged = JSON.stringify(fresh.metrics) !== JSON.stringify(orders.metrics)
    orders = fresh
    if (changed) saveOrders(ordersFile, orders, log)
    if (checksChanged) takeChecks(orders.metrics)
  }

  // Own samples
  const stepMs = config.transfer.interval * 1000
  const lastValues = createLastValues(5 * stepMs)
  const dropped = () =>
    Object.entries(counters.values()).reduce((sum, [name, count]) => sum + (name.startsWith('dropped.') ? count : 0), 0)
  const aboutSelf = sender && createSelfMetrics({ use: around.use, send: () => sender.state(), dropped, now })
  const rounds = createOwnRounds({
    collectors: createCollectors(host, config.collector),
    slowCollectors: createCheckCollectors(() => checks, host, hostname()),
    selfMetrics: () => (current.selfMetrics && aboutSelf ? aboutSelf() : []),
    stepSeconds: config.transfer.interval,
    settings: () => ({ endpoint: hostname(), defaultTags: defaultTags(), ignore: current.ignore }),
    lastValues,
    hold: (items) => sender?.add(items),
    counters,
    log,
    now,
  })

  // Heartbeat
  const hbsClient =
    hbs.length === 0
      ? undefined
      : createRpcClient({
          addresses: hbs,
          connectTimeoutMs: config.heartbeat.timeout,
          callTimeoutMs: hbsCallMs,
          log,
          random,
        })
  let ownAddress: string | undefined
  let lastBeatMs: number | undefined
  const heartbeat: Heartbeat | undefined =
    hbsClient &&
    createHeartbeat({
      client: hbsClient,
      async report() {
        return {
          hostname: hostname(),
          ip: current.ip === '' ? (ownAddress ?? '') : current.ip,
          agentVersion: version,
          pluginVersion: await pluginRevision(at(current.plugin.dir), current.plugin.enabled),
        }
      },
      pluginsEnabled: () => current.plugin.enabled,
      orders,
      onOrders: takeOrders,
      counters,
      log,
    })
  let beating = false
  async function beat(): Promise<void> {
    if (!heartbeat || beating) return
    beating = true
    // The network may have changed when hbs was out of reach.
    if (ownAddress === undefined || heartbeat.trouble() !== undefined)
      ownAddress = await learnOwnAddress(hbs, config.heartbeat.timeout)
    await heartbeat.beat()
    await planAgain()
    if (heartbeat.trouble() === undefined) lastBeatMs = now()
    beating = false
  }

  function apply(fresh: AgentConfig): Reloaded {
    const outcome = compareConfigs(current, fresh)
    current = fresh
    log.level = fresh.debug ? 'debug' : 'info'
    void planAgain()
    return outcome
  }

  const server =
    config.http.enabled && config.http.listen !== ''
      ? await startAgentServer({
          listen: config.http.listen,
          log,
          routes: {
            ...systemRoutes({ host, lastValues, hostname, now }),
            ...agentRoutes({
              version,
              workDir: around.root,
              config: () => current,
              trust,
              intake,
              plugins: () => plugins.states(),
              repository,
              trustable: () => orders.trustable,
              status: () => ({
                hostname: hostname(),
                version,
                startedMs,
                nowMs: now(),
                send: sender?.state(),
                heartbeat: heartbeat && { trouble: heartbeat.trouble(), lastMs: lastBeatMs },
                counts: counters.values(),
                plugins: plugins.states(),
                pluginProblems: plugins.problems(),
                checks,
                values: lastValues.list(),
              }),
              reload: () => apply(around.readConfig()),
              exit: () => setTimeout(around.exit, 1000),
              childEnv,
              stopping: stopping.signal,
              counters,
              log,
            }),
          },
        })
      : undefined

  takeChecks(orders.metrics)
  await planAgain()
  if (sender) {
    await rounds.prepare()
    schedules.push(
      startSchedule({
        intervalMs: stepMs,
        phaseMs: phase('collect', stepMs),
        now,
        run: (plannedMs) => void rounds.collect(plannedMs),
      }),
    )
  }
  if (heartbeat) {
    const intervalMs = config.heartbeat.interval * 1000
    void beat()
    schedules.push(startSchedule({ intervalMs, phaseMs: phase('heartbeat', intervalMs), now, run: () => void beat() }))
  }

  return {
    port: server?.port,
    counters,
    reload: apply,
    stop() {
      stopped ??= stop()
      return stopped
    },
  }

  async function stop(): Promise<void> {
    stopping.abort()
    for (const schedule of schedules) schedule.stop()
    await server?.close()
    await plugins.stop()
    await hbsClient?.close()
    await sender?.stop()
  }
}
