import { isAbsolute, join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { createCounters } from '#lib/counters'
import type { Counters } from '#lib/counters'
import { ledgerPage, startLedger } from '#lib/ledger'
import type { Logger } from '#lib/log'
import type { Pages, Trust } from '#lib/http'
import { createModuleMetrics, metricsPage } from '#lib/metrics'
import { mergeReload } from '#lib/module'
import type { Reload } from '#lib/module'
import { agentAccounts } from './accounts.ts'
import type { Check } from './checks/check.ts'
import { wantedChecks } from './checks/wanted.ts'
import { startCollection } from './collection.ts'
import { createModulesCollector, watchedModules } from './collectors/modules.ts'
import type { AgentConfig } from './config.ts'
import { showCounts } from './counters.ts'
import { healthOf } from './heartbeat/health.ts'
import { noOrders } from './heartbeat/orders.ts'
import type { Orders } from './heartbeat/orders.ts'
import { heartbeatSamples } from './heartbeat/samples.ts'
import { startHeartbeat } from './heartbeat/start.ts'
import type { HeartbeatSettings, RunningHeartbeat } from './heartbeat/start.ts'
import { createInventory } from './host/inventory.ts'
import { createNames } from './host/names.ts'
import { agentRoutes } from './http/agent-routes.ts'
import { pageRoutes, startAgentServer } from './http/server.ts'
import type { AgentServer } from './http/server.ts'
import { endpointName } from './identity.ts'
import { limitCpu } from './limits/cpu-limit.ts'
import { startMemoryLimit } from './limits/memory-limit.ts'
import { metricNames } from './metric-names.ts'
import { hbsPeers, transferPeers } from './peers.ts'
import type { Platform } from './platform/platform.ts'
import { startPlugins } from './plugins/start.ts'
import { react, reloadable } from './reload.ts'
import { phaseOf } from './schedule.ts'
import { createSelfMetrics } from './self-metrics.ts'
import type { SelfUse } from './self-metrics.ts'
import { createIntake } from './sender/intake.ts'
import { tagText } from './sender/outgoing.ts'
import { startSending } from './sender/sending.ts'
import { droppedSamples } from './status.ts'
import type { AgentStatus } from './status.ts'

/** The exit code of an agent that wants to be started again (EX_TEMPFAIL). */
const wantsRestart = 75

/** What the agent has from the process it runs in. */
export interface Surroundings {
  /** Relative paths of the configuration begin here; also where commands and plugins are run. */
  readonly root: string
  readonly platform: Platform
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
  /** Reads the configuration again; rejects when it cannot be used. */
  readonly readConfig: () => Promise<AgentConfig>
  /** Ends the process, as a signal would; with code 0 unless another is given. */
  readonly exit: (code?: number) => void
  readonly collectGarbage: () => Promise<void>
}

export interface RunningAgent {
  /** Of the HTTP server; undefined when it is switched off. */
  readonly port: number | undefined
  readonly counters: Counters
  reload(config: AgentConfig): Reload
  /** Settles when nothing more is sent or written; a second call waits for the first. */
  stop(): Promise<void>
}

/** Starts sending, plugins, collection, heartbeat and, last, the HTTP server. */
export async function startAgent(config: AgentConfig, log: Logger, around: Surroundings): Promise<RunningAgent> {
  const { platform, now, random, version, childEnv } = around
  const counters = createCounters(now)
  showCounts(counters)
  const startedMs = now()
  const at = (path: string) => (isAbsolute(path) ? path : join(around.root, path))
  let current = config
  const hostname = () => endpointName(current.hostname, around.endpointFromEnvironment, around.systemName)
  const defaultTags = () => tagText(current.default_tags)
  const phase = (name: string, intervalMs: number) => phaseOf(`${hostname()}/${name}`, intervalMs)
  const stopping = new AbortController()
  const common = { counters, log, now }
  const metrics = createModuleMetrics({ module: 'agent', counters, names: metricNames, eventLoop: false })

  const transfers = transferPeers(config)
  const sender =
    transfers.length === 0
      ? undefined
      : startSending({ config, addresses: transfers, spoolDir: at(config.spool.dir), random, ...common })
  counters.gauge('Waiting', () => (sender ? sender.state().memoryItems + sender.state().spoolItems : 0))
  const ledger = startLedger({
    module: 'agent',
    dir: join(at(config.dataDir), 'ledger'),
    keepDays: config.ledger.keepDays,
    // Rarely, since an agent has to be cheap; samples in its memory are held for as long.
    latestEveryMs: 5000,
    accounts: () => agentAccounts,
    ...common,
  })
  const intake =
    sender &&
    createIntake({
      fill: () => ({ endpoint: hostname(), nowSeconds: Math.floor(now() / 1000), defaultTags: defaultTags() }),
      hold: (items) => sender.keep(items),
      counters,
    })

  const memoryLimit = startMemoryLimit({
    megabytes: config.limits.memoryMegabytes,
    residentBytes: () => around.use().rssBytes,
    collectGarbage: around.collectGarbage,
    spill: () => sender?.spill(),
    leave: () => around.exit(wantsRestart),
    ...common,
  })
  void limitCpu(config.limits.cpuPercent, log)

  let orders: Orders = noOrders
  const plugins = await startPlugins({
    settings: () => current.plugin,
    bound: () => orders.plugins,
    ignore: () => current.ignore,
    root: around.root,
    env: childEnv,
    hostname,
    take: (items) =>
      intake ? intake.take(items, 'plugin', 'whole text') : { ok: false, reason: 'this agent sends nothing' },
    stopping: stopping.signal,
    ...common,
  })

  let checks: readonly Check[] = wantedChecks(config.checks, orders.metrics, log)
  async function takeOrders(fresh: Orders): Promise<void> {
    const checksChanged = JSON.stringify(fresh.metrics) !== JSON.stringify(orders.metrics)
    orders = fresh
    if (checksChanged) checks = wantedChecks(current.checks, orders.metrics, log)
    await plugins.plan()
  }

  const selfMetrics =
    sender &&
    createSelfMetrics({
      use: around.use,
      send: () => sender.state(),
      dropped: () => droppedSamples(counters.values()),
      now: () => performance.now(),
    })
  const names = createNames()
  let heartbeat: RunningHeartbeat | undefined
  const collection = startCollection({
    enabled: sender !== undefined,
    collectors: platform.collectors(config.collector, log),
    slowCollectors: [createModulesCollector(watchedModules(config.modules), metrics)],
    checks: () => checks,
    context: () => ({ host: platform.host, names, dataDir: at(config.dataDir), hostname: hostname() }),
    selfMetrics: () => [
      ...(current.selfMetrics && selfMetrics ? selfMetrics() : []),
      ...heartbeatSamples(heartbeat?.state()),
    ],
    settings: () => ({
      stepSeconds: current.transfer.interval,
      endpoint: hostname(),
      defaultTags: defaultTags(),
      ignore: current.ignore,
    }),
    hold: (items) => sender?.add(items),
    ...common,
  })
  const heartbeatSettings = (): HeartbeatSettings => {
    const intervalMs = current.heartbeat.interval * 1000
    const phaseMs = phase('heartbeat', intervalMs)
    return { addresses: hbsPeers(current), connectTimeoutMs: current.heartbeat.timeout, intervalMs, phaseMs }
  }
  if (hbsPeers(config).length > 0)
    heartbeat = startHeartbeat(heartbeatSettings(), {
      ordersFile: join(at(config.dataDir), 'heartbeat.json'),
      report: async (ownAddress) => ({
        hostname: hostname(),
        ip: current.ip === '' ? (ownAddress ?? '') : current.ip,
        agentVersion: version,
        pluginVersion: await plugins.revision(),
      }),
      health: () => healthOf(status()),
      skewLimitSeconds: () => current.heartbeat.skewSeconds,
      pluginsEnabled: () => current.plugin.enabled,
      onOrders: takeOrders,
      random,
      ...common,
    })
  if (heartbeat) await takeOrders(heartbeat.orders())

  function apply(fresh: AgentConfig): Reload {
    const { config: merged, changes } = mergeReload(current, fresh, reloadable(current, fresh))
    current = merged
    if (changes.applied.includes('checks')) checks = wantedChecks(current.checks, orders.metrics, log)
    log.level = merged.debug ? 'debug' : 'info'
    const moveSender = () =>
      sender?.move({ addresses: transferPeers(merged), connectTimeoutMs: merged.transfer.timeout })
    react(changes.applied, {
      collector: () => collection.replace(platform.collectors(merged.collector, log)),
      'transfer.interval': () => collection.changeStep(),
      'transfer.addrs': moveSender,
      'transfer.timeout': moveSender,
      heartbeat: () => heartbeat?.change(heartbeatSettings()),
    })
    void plugins.plan()
    return changes
  }
  const trust = (): Trust => ({
    addresses: [...current.trusted, ...orders.trustable],
    token: current.token,
  })
  const status = (): AgentStatus => ({
    hostname: hostname(),
    version,
    system: process.platform,
    startedMs,
    nowMs: now(),
    stepMs: current.transfer.interval * 1000,
    send: sender && { ...sender.state(), addresses: sender.addresses, spoolMaxBytes: config.spool.maxBytes },
    heartbeat: heartbeat?.state(),
    use: around.use(),
    counts: counters.values(),
    plugins: plugins.states(),
    pluginProblems: plugins.problems(),
    checks: collection.checks(),
    collectors: collection.troubles(),
    values: collection.lastValues.list(),
    memory: memoryLimit.state(),
  })

  async function listen(): Promise<AgentServer | undefined> {
    if (!config.http.enabled || config.http.listen === '') return undefined
    const agent = agentRoutes({
      version,
      pid: process.pid,
      workDir: around.root,
      config: () => current,
      trust,
      intake,
      memoryLimit,
      plugins: () => plugins.states(),
      repository: plugins.repository,
      trustable: () => orders.trustable,
      inventory: createInventory(now),
      status,
      hour: () => collection.hour(),
      async reload() {
        const fresh = await around.readConfig()
        return { fresh, changes: apply(fresh) }
      },
      exit: () => void setTimeout(() => around.exit(), 1000),
      childEnv,
      stopping: stopping.signal,
      counters,
      log,
    })
    const pages: Pages = { '/metrics': metricsPage(metrics), '/ledger': ledgerPage(ledger, now) }
    const routes = {
      ...platform.pages({ lastValues: collection.lastValues, hostname, now }),
      ...agent,
      ...pageRoutes(pages),
    }
    return startAgentServer({ listen: config.http.listen, log, routes })
  }

  let server: AgentServer | undefined
  let stopped: Promise<void> | undefined
  async function stop(): Promise<void> {
    stopping.abort()
    memoryLimit.stop()
    collection.stop()
    await server?.close()
    await plugins.stop()
    await heartbeat?.stop()
    await sender?.stop()
    ledger.stop()
  }
  try {
    // Last, so that who is told that we are healthy can stop us in good order.
    server = await listen()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    port: server?.port,
    counters,
    reload: apply,
    stop: () => (stopped ??= stop()),
  }
}
