import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import type { RpcClient } from '#lib/rpc'
import { readBuiltinMetrics, readTexts } from './orders.ts'
import type { Orders } from './orders.ts'

/** What `Agent.ReportStatus` tells about this agent. */
export interface AgentReport {
  readonly hostname: string
  readonly ip: string
  readonly agentVersion: string
  readonly pluginVersion: string
}

export interface HeartbeatOptions {
  readonly client: Pick<RpcClient, 'call'>
  report(): Promise<AgentReport>
  /** Without plugins hbs is not asked for them. */
  readonly pluginsEnabled: () => boolean
  readonly orders: Orders
  readonly counters: Counters
  readonly log: Logger
}

export interface Heartbeat {
  /** One conversation with hbs. Never rejects; what failed is counted and keeps its last value. */
  beat(): Promise<void>
  orders(): Orders
  /** Why the last beat was incomplete; undefined when it was not. */
  trouble(): string | undefined
}

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

  async function ask(
    method: string,
    argument: unknown,
    take: (answer: Record<string, unknown>) => void,
  ): Promise<void> {
    try {
      const answer = await client.call(method, argument)
      take(typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>) : { text: answer })
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

  return {
    async beat() {
      failedThisBeat = undefined
      const { hostname, ip, agentVersion, pluginVersion } = await options.report()
      const status = { Hostname: hostname, IP: ip, AgentVersion: agentVersion, PluginVersion: pluginVersion }
      await ask('Agent.ReportStatus', status, (answer) => {
        const code = answer['code'] ?? answer['Code']
        if (code !== 0 && code !== undefined)
          throw new Error(`hbs refused the report with code ${JSON.stringify(code)}`)
      })
      if (options.pluginsEnabled()) await ask('Agent.MinePlugins', { Hostname: hostname, Checksum: '' }, takePlugins)
      await ask('Agent.TrustableIps', {}, takeTrustable)
      await ask('Agent.BuiltinMetrics', { Hostname: hostname, Checksum: checksum }, takeMetrics)
      if (failedThisBeat !== undefined && kindOf(failedThisBeat) !== kindOf(trouble)) {
        log.warn({ reason: failedThisBeat }, 'heartbeat incomplete, the last orders stay')
      }
      if (failedThisBeat === undefined && trouble !== undefined) log.info('heartbeat complete again')
      trouble = failedThisBeat
    },
    orders: () => orders,
    trouble: () => trouble,
  }
}

/** A trouble without the numbers in it: an hbs that stays away is worth one line, not one a minute. */
function kindOf(trouble: string | undefined): string | undefined {
  return trouble?.replaceAll(/\d+/g, '')
}
