import { setTimeout as sleep } from 'node:timers/promises'
import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import { DatabaseError } from '#lib/sql'
import { readAgentHealth } from '#protocol'
import type { AgentHealth, AgentReportRequest } from '#protocol'
import { hostReport } from './host-rows.ts'
import type { HostReport, HostRows } from './host-rows.ts'
import { createSameName, isContinuedBy } from './same-name.ts'
import type { Reporter, SameName } from './same-name.ts'

/** The agents that report to this hbs, and the rows of theirs that are still to be written. */
export interface LiveAgents {
  /**
   * Takes a report that came from an address. Its row is written soon when the agent is new to this process or says
   * something new.
   */
  saw(report: AgentReportRequest, peer?: string): Seen
  /** Those heard of in the last 24 hours. */
  hostnames(): string[]
  /** The same with what is known of each. */
  all(): Iterable<LiveAgent>
  find(hostname: string): LiveAgent | undefined
  /** Rows waiting to be written. */
  readonly waiting: number
  /** Writes what waits, if the database takes it, and ends. */
  stop(): Promise<void>
}

export type Seen =
  | {
      readonly accepted: true
      /** Addresses of other agents that report under this name. */
      readonly duplicates: readonly string[]
      /** Whether this process has no health of the agent. */
      readonly healthWanted: boolean
    }
  | { readonly accepted: false; readonly reason: string }

/** An agent as its last report left it. */
export interface LiveAgent {
  readonly report: HostReport
  /** As reported, and where the report came from if that differs. */
  readonly address: string
  /** Unix milliseconds. */
  readonly seenMs: number
  /** Addresses of all agents that share this name, when several do. */
  readonly duplicates: readonly string[]
  /** What it said last of itself, and when; undefined for an agent that is not ours, or has not said it to this hbs yet. */
  readonly health: { readonly said: AgentHealth; readonly atMs: number } | undefined
}

export interface LiveAgentsOptions {
  readonly rows: HostRows
  readonly counters: Counters
  readonly log: Logger
  /** Milliseconds. */
  readonly now: () => number
  /** More are refused, so that invented names cannot fill the memory and the table. */
  readonly maxAgents: number
  /** Called after hosts were inserted. */
  readonly inserted: () => void
  /** How long the first report of a batch waits for others; default 100 ms. */
  readonly gatherMs?: number
  /** Pause after a failed write, doubled up to 30 times itself; default 1000 ms. */
  readonly retryMs?: number
}

interface Known {
  report: HostReport
  seenMs: number
  reporter: Reporter
  /** Only where a second one reported. */
  sharing: SameName | undefined
  isShared: boolean
  /** JSON: an object takes three times the memory. */
  health: { readonly text: string; readonly atMs: number } | undefined
}

const forgetAfterMs = 24 * 3600 * 1000
const sweepEveryMs = 3600 * 1000
/** Rows of one statement; more would hold up the answers to other agents. */
const rowsPerWrite = 500
/** How long a stop waits for the database. */
const lastWriteMs = 3000

/**
 * Counters: `agents.reports`, each in exactly one of `agents.known`, `agents.toWrite` and `agents.refused.<reason>`; each
 * `agents.toWrite` ends in one of `hosts.inserted`, `hosts.updated`, `hosts.unchanged`, `hosts.unknown` (asset mode),
 * `hosts.superseded` (a newer report came first), `hosts.unwritable` (the database refuses the row) or
 * `hosts.abandoned` (hbs was stopped while the database was away).
 */
export function createLiveAgents(options: LiveAgentsOptions): LiveAgents {
  const { rows, counters, log, now, gatherMs = 100, retryMs = 1000 } = options
  const agents = new Map<string, Known>()
  const dirty = new Map<string, HostReport>()
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> | undefined
  let failures = 0
  let beingWritten = 0
  let stopping = false
  const reports = ['agents.reports', 'agents.known', 'agents.toWrite', 'agents.healthRefused']
  const refusals = ['noHostname', 'longHostname', 'tooMany'].map((reason) => `agents.refused.${reason}`)
  const ends = ['inserted', 'updated', 'unchanged', 'unknown', 'superseded', 'unwritable', 'abandoned', 'writesFailed']
  for (const name of [...reports, ...refusals, ...ends.map((end) => `hosts.${end}`)]) counters.add(name, 0)
  counters.gauge('agents.alive', () => agents.size)
  counters.gauge('agents.duplicates', () => [...agents.values()].filter((agent) => sharers(agent).length > 0).length)
  counters.gauge('hosts.waiting', () => dirty.size + beingWritten)
  const sweep = setInterval(forgetSilent, sweepEveryMs).unref()

  function forgetSilent(): void {
    const before = now() - forgetAfterMs
    for (const [hostname, agent] of agents) if (agent.seenMs < before) agents.delete(hostname)
  }

  /** All that share the agent's name; empty when it is alone. */
  function sharers({ sharing }: Known, besides?: string): string[] {
    return sharing ? sharing.others(besides, now()) : []
  }

  function view(agent: Known): LiveAgent {
    const { report, reporter, seenMs, health } = agent
    const said = health && { said: JSON.parse(health.text) as AgentHealth, atMs: health.atMs }
    return { report, address: reporter.address, seenMs, duplicates: sharers(agent), health: said }
  }

  /** Tells apart who reports under the name, and logs when that turns out to be several, and when it is over. */
  function compare(agent: Known, reporter: Reporter): void {
    const isAnother = reporter.instance !== agent.reporter.instance && !isContinuedBy(agent.reporter, reporter)
    if (!agent.sharing && isAnother) agent.sharing = createSameName(agent.reporter, agent.seenMs)
    agent.reporter = reporter
    if (!agent.sharing) return
    agent.sharing.saw(reporter, now())
    const addresses = sharers(agent)
    const { hostname } = agent.report
    if (addresses.length > 0 && !agent.isShared)
      log.warn({ hostname, addresses }, 'several agents report under one name')
    if (addresses.length === 0 && agent.isShared) log.info({ hostname }, 'one agent has this name again')
    agent.isShared = addresses.length > 0
  }

  function takeHealth(agent: Known, raw: unknown): void {
    if (raw === undefined || raw === null) return
    const health = readAgentHealth(raw)
    if (health) agent.health = { text: JSON.stringify(health), atMs: now() }
    else counters.add('agents.healthRefused')
  }

  function refuse(reason: 'noHostname' | 'longHostname' | 'tooMany', why: string) {
    counters.add(`agents.refused.${reason}`)
    return { accepted: false as const, reason: why }
  }

  function schedule(delayMs: number): void {
    if (stopping || writing || dirty.size === 0) return
    timer ??= setTimeout(() => {
      timer = undefined
      writing = writeDirty().finally(() => {
        writing = undefined
        const pauseMs = failures === 0 ? 0 : retryMs * Math.min(2 ** (failures - 1), 30)
        schedule(pauseMs)
      })
    }, delayMs).unref()
  }

  /** One batch. What could not be written waits again, unless a newer report of the same host already does. */
  async function writeDirty(): Promise<void> {
    const batch = [...dirty.values()].slice(0, rowsPerWrite)
    for (const { hostname } of batch) dirty.delete(hostname)
    beingWritten = batch.length
    const failed = await writeBatch(batch)
    beingWritten = 0
    for (const report of failed) {
      if (dirty.has(report.hostname)) counters.add('hosts.superseded')
      else dirty.set(report.hostname, report)
    }
  }

  /** Returns those to be tried again. A row that the database refuses must not keep the others from being written. */
  async function writeBatch(batch: readonly HostReport[]): Promise<readonly HostReport[]> {
    try {
      const written = await rows.write(batch)
      for (const [name, count] of Object.entries(written)) if (count > 0) counters.add(`hosts.${name}`, count as number)
      if (failures > 0) log.info({ failures }, 'host rows can be written again')
      failures = 0
      if (written.inserted > 0) options.inserted()
      return []
    } catch (error) {
      const [first] = batch
      if (!first) return []
      if (!refusesRow(error)) {
        if (failures === 0) log.error({ err: error, waiting: dirty.size + batch.length }, 'host rows cannot be written')
        failures++
        counters.add('hosts.writesFailed')
        return batch
      }
      if (batch.length === 1) {
        log.error({ err: error, hostname: first.hostname }, 'the database refuses a host')
        counters.add('hosts.unwritable')
        return []
      }
      const half = Math.ceil(batch.length / 2)
      return [...(await writeBatch(batch.slice(0, half))), ...(await writeBatch(batch.slice(half)))]
    }
  }

  return {
    saw(request, peer = '') {
      counters.add('agents.reports')
      if (request.Hostname === '') return refuse('noHostname', 'the report names no host')
      const report = hostReport(request)
      if (!report) return refuse('longHostname', 'Hostname is longer than 255 characters')
      const known = agents.get(report.hostname)
      if (!known && agents.size >= options.maxAgents)
        return refuse('tooMany', `this hbs already knows ${options.maxAgents} agents (maxAgents)`)
      const reporter = reporterOf(request, peer)
      const agent: Known = known ?? {
        report,
        seenMs: now(),
        reporter,
        sharing: undefined,
        isShared: false,
        health: undefined,
      }
      const isSame = known !== undefined && sameReport(known.report, report)
      compare(agent, reporter)
      agent.report = report
      agent.seenMs = now()
      takeHealth(agent, request.Health)
      agents.set(report.hostname, agent)
      if (isSame) {
        counters.add('agents.known')
      } else {
        counters.add('agents.toWrite')
        if (dirty.has(report.hostname)) counters.add('hosts.superseded')
        dirty.set(report.hostname, report)
        schedule(gatherMs)
      }
      return {
        accepted: true,
        duplicates: sharers(agent, reporter.instance),
        healthWanted: agent.health === undefined,
      }
    },
    hostnames: () => [...agents.keys()],
    *all() {
      for (const agent of agents.values()) yield view(agent)
    },
    find(hostname) {
      const agent = agents.get(hostname)
      return agent && view(agent)
    },
    get waiting() {
      return dirty.size + beingWritten
    },
    async stop() {
      stopping = true
      clearInterval(sweep)
      clearTimeout(timer)
      const late = new AbortController()
      const lastWrites = (async () => {
        await writing
        for (let left = dirty.size; left > 0 && !late.signal.aborted; left = dirty.size) {
          await writeDirty()
          if (dirty.size >= left) return
        }
      })()
      await Promise.race([lastWrites, sleep(lastWriteMs, undefined, { signal: late.signal })])
      late.abort()
      const left = dirty.size + beingWritten
      if (left === 0) return
      counters.add('hosts.abandoned', left)
      log.warn({ hosts: left }, 'host rows left unwritten; agents report them again')
    },
  }
}

const longestName = 64

function reporterOf({ Instance, IP }: AgentReportRequest, peer: string): Reporter {
  const reported = IP.slice(0, longestName)
  const address = reported === peer || peer === '' ? reported : reported === '' ? peer : `${reported} (from ${peer})`
  const isOurs = typeof Instance === 'string' && Instance !== ''
  // Other agents say nothing of the kind: two addresses under one name are two agents.
  return { instance: isOurs ? Instance.slice(0, longestName) : `at ${reported}`, isOurs, address }
}

function sameReport(a: HostReport, b: HostReport): boolean {
  return a.ip === b.ip && a.agent_version === b.agent_version && a.plugin_version === b.plugin_version
}

/** Whether it is the row that cannot be written, not the database that cannot be reached. */
function refusesRow(error: unknown): boolean {
  return (
    error instanceof DatabaseError &&
    /^(ER_DATA_TOO_LONG|ER_TRUNCATED_WRONG_VALUE|ER_CANT_AGGREGATE|SQLITE_CONSTRAINT)/.test(error.code)
  )
}
