import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import type { Logger } from '#lib/log'
import { projectRoot } from '#lib/module'
import { formatTable } from '#lib/table'
import type { Check } from '../checks/check.ts'
import { checkFamilies, parseCheck } from '../checks/index.ts'
import { positionsFile } from '../checks/log-positions.ts'
import { createCheckRunner } from '../checks/runner.ts'
import type { CheckState } from '../checks/runner.ts'
import { wantedChecks } from '../checks/wanted.ts'
import type { CollectedSample, Collector } from '../collectors/collector.ts'
import { findMetric } from '../catalogue/catalogue.ts'
import { createRounds } from '../collectors/round.ts'
import type { AgentConfig } from '../config.ts'
import { loadOrders } from '../heartbeat/orders.ts'
import { createNames } from '../host/names.ts'
import { endpointName } from '../identity.ts'
import { hostRootOf, systemName } from '../platform/host-root.ts'
import { openPlatform } from '../platform/open-platform.ts'
import type { Platform } from '../platform/platform.ts'
import { readCommandLine } from './own-settings.ts'

/** Between the two readings that rates are made of. */
const pauseMs = 1000

const print = (text: string) => process.stdout.write(`${text}\n`)
const complain = (text: string) => process.stderr.write(`agent: ${text}\n`)

/**
 * `agent --check [--config FILE]`: collects once, as a round of the running agent would, prints it as a table and sends
 * nothing. Resolves to the exit code: 0 when every collector worked, 1 when one did not, 2 for bad arguments or a bad
 * configuration.
 */
export async function runCheck(argv: readonly string[]): Promise<number> {
  const line = await readCommandLine(argv, 'agent --check [--config FILE]', 0)
  if (!line) return 2
  const platform = await openPlatform(hostRootOf(line.loaded.value, process.env))
  return await collectOnce(line.loaded.value, (log) => platform.collectors(line.loaded.value.collector, log))
}

/**
 * `agent check [NAME [TAGS]] [--config FILE]`: the names of collectors and checks; or what one of them finds now. A check
 * without TAGS is made as the configuration and the last orders of hbs ask for it. Sends nothing. The exit code is that of
 * `--check`; 1 also when a check says what is wrong.
 */
export async function checkOne(argv: readonly string[]): Promise<number> {
  const line = await readCommandLine(argv, 'agent check [NAME [TAGS]] [--config FILE]', 2)
  if (!line) return 2
  const config = line.loaded.value
  const [name, tags] = line.words
  const platform = await openPlatform(hostRootOf(config, process.env))
  const quiet = createLogger('agent', { destination: { write: () => undefined } })
  const names = platform.collectors(config.collector, quiet).map((collector) => collector.name)
  if (name === undefined) {
    print(`Collectors: ${names.join(' ')}`)
    print(`Checks:     ${checkFamilies.flatMap(({ metrics }) => metrics).join(' ')}`)
    return 0
  }
  if (names.includes(name) && tags === undefined)
    return await collectOnce(config, (log) =>
      platform.collectors(config.collector, log).filter((collector) => collector.name === name),
    )
  const family = checkFamilies.find((family) => family.name === name || family.metrics.includes(name))
  if (!family) {
    complain(`there is no collector or check "${name}"; "agent check" lists them`)
    return 2
  }
  if (tags === undefined) {
    const wanted = wantedChecks(config.checks, ordersOf(config, quiet), quiet)
    return await runChecks(
      wanted.filter(({ metric }) => family.metrics.includes(metric)),
      config,
      platform,
    )
  }
  const check = parseCheck(family.metrics.includes(name) ? name : (family.metrics[0] ?? ''), tags)
  if (check.ok) return await runChecks([check.value], config, platform)
  complain(check.reason)
  return 2
}

/** What hbs asked the running agent for. */
function ordersOf(config: AgentConfig, log: Logger) {
  return loadOrders(join(dataDirOf(config), 'heartbeat.json'), log).metrics
}

function dataDirOf({ dataDir }: AgentConfig): string {
  return isAbsolute(dataDir) ? dataDir : join(projectRoot, dataDir)
}

async function collectOnce(config: AgentConfig, collectors: (log: Logger) => Collector[]): Promise<number> {
  const lines: string[] = []
  const log = createLogger('agent', { destination: { write: (line) => lines.push(line) } })
  const rounds = createRounds(collectors(log), { deadlineMs: 10_000, log, counters: createCounters() })
  const first = await rounds.collect()
  await sleep(pauseMs)
  const samples = await rounds.collect()
  print(sampleTable(samples, first, config.ignore))
  for (const line of lines) complain(sentenceOf(line))
  return lines.some(isTrouble) ? 1 : 0
}

async function runChecks(checks: readonly Check[], config: AgentConfig, platform: Platform): Promise<number> {
  if (checks.length === 0) {
    complain('neither the configuration nor hbs asks for it; give its tags: agent check NAME TAGS')
    return 2
  }
  const hostname = endpointName(
    config.hostname,
    process.env['FALCON_ENDPOINT'],
    systemName(hostRootOf(config, process.env)),
  )
  const names = createNames()
  // What the running agent remembers is looked at, and stays as it is.
  const dataDir = await mkdtemp(join(tmpdir(), 'agent-check-'))
  await cp(join(dataDirOf(config), positionsFile), join(dataDir, positionsFile)).catch(() => undefined)
  const runner = createCheckRunner({
    families: checkFamilies,
    current: () => checks,
    context: () => ({ host: platform.host, names, dataDir, hostname }),
    now: Date.now,
  })
  const samples: CollectedSample[] = []
  // A check that cannot be made at all says why in its state.
  for (const collector of runner.collectors) samples.push(...(await collector.collect().catch(() => [])))
  await rm(dataDir, { recursive: true })
  print(sampleTable(samples, [], config.ignore))
  const states = runner.states()
  for (const state of states) print(stateLine(state))
  return states.some(({ last }) => last?.reason !== undefined) ? 1 : 0
}

function stateLine({ tags, last }: CheckState): string {
  const said = last?.reason ?? last?.note
  return [`${tags}: took ${Math.round(last?.durationMs ?? 0)} ms`, said].filter((part) => part !== undefined).join('; ')
}

/** One line a sample. Of a COUNTER the last column shows the rate between the two readings. */
export function sampleTable(
  samples: readonly CollectedSample[],
  before: readonly CollectedSample[],
  ignore: Readonly<Record<string, boolean>>,
): string {
  const earlier = new Map(before.map((sample) => [`${sample.metric}/${sample.tags}`, sample.value]))
  return formatTable(
    ['metric', 'tags', 'type', 'value', 'per second', 'unit', 'sent', 'meaning'],
    samples.map(({ metric, tags, counterType, value }) => {
      const previous = counterType === 'COUNTER' ? earlier.get(`${metric}/${tags}`) : undefined
      return [
        metric,
        tags,
        counterType,
        shown(value),
        previous === undefined ? '' : shown(((value - previous) * 1000) / pauseMs),
        findMetric(metric)?.entry.unit ?? '',
        ignore[metric] === true ? 'ignored' : 'yes',
        findMetric(metric)?.entry.meaning ?? '',
      ]
    }),
  )
}

/** Up to four digits behind the point. */
function shown(value: number): string {
  return String(Math.round(value * 10_000) / 10_000)
}

/** What is merely told, such as a counter that this host does not have, is no failure. */
function isTrouble(line: string): boolean {
  return (JSON.parse(line) as { level: string }).level !== 'info'
}

/** A line of the log for a person: what happened to which collector, and why. */
function sentenceOf(line: string): string {
  const { msg, collector, err, metrics, counters } = JSON.parse(line) as {
    msg: string
    collector?: string
    err?: { message: string }
    metrics?: string[]
    counters?: string[]
  }
  const reason = err?.message.split('\n')[0] ?? metrics?.join(' ')
  return [msg, collector, reason, counters?.join(', ')].filter((part) => part !== undefined).join(': ')
}
