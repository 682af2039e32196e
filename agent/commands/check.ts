import { parseArgs } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import { formatTable } from '#lib/table'
import type { CollectedSample } from '../collectors/collector.ts'
import { findMetric } from '../catalogue/catalogue.ts'
import { createRounds } from '../collectors/round.ts'
import { openPlatform } from '../platform/platform.ts'
import { readOwnConfig } from '../read-config.ts'
import { runLocalChecks } from './local-checks.ts'

/** Between the two readings that rates are made of. */
const pauseMs = 1000

/**
 * `agent --check [--config FILE]`: collects once, as a round of the running agent would, the checks of the configuration
 * included, prints it as a table and sends nothing. Resolves to the exit code: 0 when every collector worked, 1 when one did not, 2 for bad arguments or a bad
 * configuration.
 */
export async function runCheck(argv: string[]): Promise<number> {
  const print = (text: string) => process.stdout.write(text)
  const complain = (text: string) => process.stderr.write(text)
  let config
  try {
    const named = parseArgs({
      args: argv,
      options: { config: { type: 'string', short: 'c' } },
    }).values.config
    config = (await readOwnConfig(named)).value
  } catch (error) {
    const usage = (error as Error).name === 'ConfigError' ? '' : '. Usage: agent --check [--config FILE]'
    complain(`agent: ${(error as Error).message}${usage}\n`)
    return 2
  }
  const platform = await openPlatform(process.env)
  const lines: string[] = []
  const log = createLogger('agent', { destination: { write: (line) => lines.push(line) } })
  const counters = createCounters()
  const rounds = createRounds(platform.collectors(config.collector, log), { deadlineMs: 10_000, log, counters })
  const first = await rounds.collect()
  await sleep(pauseMs)
  const samples = await rounds.collect()
  const checked = await runLocalChecks(config.checks, { host: platform.host, log, counters })
  print(`${sampleTable([...samples, ...checked.samples], first, config.ignore)}\n`)
  for (const reason of checked.reasons) complain(`agent: ${reason}\n`)
  for (const line of lines) complain(`agent: ${sentenceOf(line)}\n`)
  return lines.some(isTrouble) ? 1 : 0
}

/** One line a sample. Of a COUNTER the last column shows the rate between the two readings. */
export function sampleTable(
  samples: readonly CollectedSample[],
  before: readonly CollectedSample[],
  ignore: Readonly<Record<string, boolean>>,
): string {
  const earlier = new Map(before.map((sample) => [`${sample.metric}/${sample.tags}`, sample.value]))
  return formatTable(
    ['metric', 'tags', 'type', 'value', 'per second', 'unit', 'sent'],
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
