import { performance } from 'node:perf_hooks'
import type { AgentHealth } from '#protocol'
import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import type { RpcClient } from '#lib/rpc'
import { readBuiltinMetrics, readTexts } from './orders.ts'
import type { Orders } from './orders.ts'
import { skewOf } from './skew.ts'
import type { ClockReading, Skew } from './skew.ts'

/** What `Agent.ReportStatus` tells about this agent. */
export interface AgentReport {
  readonly hostname: string
  readonly ip: string
  readonly agentVersion: string
  readonly pluginVersion: string
}

export interface HeartbeatOptions {
  readonly client: Pick<RpcClient, 'call' | 'peer'>
  report(): Promise<AgentReport>
  /** Told beside the report, on change and now and then. */
  readonly health: () => AgentHealth
  /** A text that no other running agent has, so that hbs can tell two of one name apart. */
  readonly instance: string
  /** Without plugins hbs is not asked for them. */
  readonly pluginsEnabled: () => boolean
  readonly orders: Orders
  readonly counters: Counters
  readonly log: Logger
  /** Unix milliseconds. */
  readonly now: () => number
}

export interface Heartbeat {
  /** One conversation with hbs. Never rejects; what failed is counted and keeps its last value. */
  beat(): Promise<void>
  orders(): Orders
  /** Why the last beat was incomplete; undefined when it was not. */
  trouble(): string | undefined
  /** Of the last beat that told it. */
  skew(): Skew | undefined
  /** Addresses of other agents with our name; undefined while hbs does not say, as Open-Falcon's never does. */
  duplicates(): readonly string[] | undefined
}

/** The first reports say what those of Open-Falcon's agent do, byte for byte: there is nothing else to tell yet. */
const plainBeats = 2
/** Beats after which the health is told although nothing about it has changed. */
const healthEvery = 10
/** Beats without an answer after which nothing is known about the clocks any more. */
const skewBeats = 3
/** Below this many seconds a time is no time: some servers answer 0 or a number of their own. */
const someYears = 1e9

/**
 * Reports this agent to hbs and asks what it is to do: plugins, checks, trusted addresses. Counters: `heartbeat.ok` and
 * `heartbeat.failed`, one a call.
 */
export function createHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { client, counters, log } = options
  let orders = options.orders
  let pluginsAt = -1
  let metricsAt = -1
  // Falcon: what an agent says that has no set yet.
  let checksum = 'nil'
  let trouble: string | undefined
  let failedThisBeat: string | undefined
  let beats = 0
  let told: { digest: string; atBeat: number } | undefined
  let duplicates: readonly string[] | undefined
  let skew: { readonly skew: Skew; readonly atBeat: number } | undefined
  let peer: string | undefined
  let readings: ClockReading[] = []

  async function ask(
    method: string,
    argument: unknown,
    take: (answer: Record<string, unknown>) => void,
  ): Promise<void> {
    const sentMs = options.now()
    const startedAt = performance.now()
    try {
      const raw = await client.call(method, argument)
      const answer = typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>) : { text: raw }
      const clock = clockOf(answer)
      if (clock) readings.push({ sentMs, roundTripMs: performance.now() - startedAt, ...clock })
      take(answer)
      counters.add('heartbeat.ok')
    } catch (error) {
      counters.add('heartbeat.failed')
      failedThisBeat = `${method}: ${(error as Error).message}`
    }
  }

  function takePlugins(answer: Record<string, unknown>): void {
    const at = answer['Timestamp']
    const plugins = readTexts(answer['Plugins'])
    if (typeof at !== 'number' || !plugins) throw new Error('Cannot read the answer: no Plugins and Timestamp')
    if (at <= pluginsAt) return
    pluginsAt = at
    orders = { ...orders, plugins }
  }

  function takeMetrics(answer: Record<string, unknown>): void {
    const at = answer['Timestamp']
    const fresh = answer['Checksum']
    const metrics = readBuiltinMetrics(answer['Metrics'])
    if (typeof at !== 'number' || typeof fresh !== 'string' || !metrics)
      throw new Error('Cannot read the answer: no Metrics, Checksum and Timestamp')
    if (at <= metricsAt || fresh === checksum) return
    metricsAt = at
    checksum = fresh
    orders = { ...orders, metrics }
  }

  function takeTrustable(answer: Record<string, unknown>): void {
    const text = answer['text']
    if (typeof text !== 'string') throw new Error('Cannot read the answer: not a text of addresses')
    const trustable = text
      .split(',')
      .map((address) => address.trim())
      .filter((address) => address !== '')
    orders = { ...orders, trustable }
  }

  /** What only our hbs understands; others pass over it. */
  function more(): { Instance?: string; Health?: AgentHealth } {
    if (beats <= plainBeats) return {}
    const health = options.health()
    const digest = digestOf(health)
    if (told?.digest === digest && beats - told.atBeat < healthEvery) return { Instance: options.instance }
    told = { digest, atBeat: beats }
    return { Instance: options.instance, Health: health }
  }

  async function report(status: object): Promise<void> {
    const extra = more()
    let others: unknown
    let wanted = true
    await ask('Agent.ReportStatus', { ...status, ...extra }, (answer) => {
      refuseCode(answer)
      others = answer['duplicates']
      wanted = answer['healthWanted'] === true
    })
    duplicates = Array.isArray(others) ? others.filter((other) => typeof other === 'string') : undefined
    if (wanted) told = undefined
    // Its clock is not that of the hbs before.
    if (client.peer !== peer) pluginsAt = metricsAt = -1
    peer = client.peer
  }

  return {
    async beat() {
      failedThisBeat = undefined
      readings = []
      beats++
      const { hostname, ip, agentVersion, pluginVersion } = await options.report()
      const status = { Hostname: hostname, IP: ip, AgentVersion: agentVersion, PluginVersion: pluginVersion }
      await report(status)
      if (options.pluginsEnabled()) await ask('Agent.MinePlugins', { Hostname: hostname, Checksum: '' }, takePlugins)
      await ask('Agent.TrustableIps', {}, takeTrustable)
      await ask('Agent.BuiltinMetrics', { Hostname: hostname, Checksum: checksum }, takeMetrics)
      const measured = skewOf(readings)
      if (measured) skew = { skew: measured, atBeat: beats }
      if (failedThisBeat !== undefined && kindOf(failedThisBeat) !== kindOf(trouble)) {
        log.warn({ reason: failedThisBeat }, 'heartbeat incomplete, the last orders stay')
      }
      if (failedThisBeat === undefined && trouble !== undefined) log.info('heartbeat complete again')
      trouble = failedThisBeat
    },
    orders: () => orders,
    trouble: () => trouble,
    skew: () => (skew && beats - skew.atBeat <= skewBeats ? skew.skew : undefined),
    duplicates: () => duplicates,
  }
}

/** The clock of hbs as an answer tells it: ours in milliseconds, any other where it names its seconds. */
function clockOf(answer: Record<string, unknown>): Pick<ClockReading, 'serverMs' | 'unitMs'> | undefined {
  const { time, Timestamp: seconds } = answer
  if (typeof time === 'number' && time > someYears * 1000) return { serverMs: time, unitMs: 1 }
  return typeof seconds === 'number' && seconds > someYears ? { serverMs: seconds * 1000, unitMs: 1000 } : undefined
}

function refuseCode(answer: Record<string, unknown>): void {
  const code = answer['code'] ?? answer['Code']
  if (code !== 0 && code !== undefined) throw new Error(`hbs refused the report with code ${JSON.stringify(code)}`)
}

/** Of what is worth telling at once: not of numbers that differ in every beat. */
function digestOf({ wrong, collectors, plugins }: AgentHealth): string {
  return JSON.stringify([wrong, collectors, plugins.map(({ plugin, exit, error }) => [plugin, exit, kindOf(error)])])
}

/** A trouble without the numbers in it: an hbs that stays away is worth one line, not one a minute. */
function kindOf(trouble: string | undefined): string | undefined {
  return trouble?.replaceAll(/\d+/g, '')
}
