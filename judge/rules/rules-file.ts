import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import type { Strategy } from '#protocol'
import { readAnswers } from './read-rules.ts'
import type { RawRules } from './read-rules.ts'
import type { RuleSet } from './rule-set.ts'

interface Stored {
  format: 1
  strategies: Strategy[]
  /** Host name, and positions in `strategies`. */
  hosts: [string, number[]][]
  expressions: unknown[]
}

/** Writes the rules in force beside the journal, whole or not at all, so that a judge started while hbs is down judges. */
export async function saveRules(file: string, rules: RuleSet): Promise<void> {
  const positions = new Map<Strategy, number>()
  const stored: Stored = { format: 1, strategies: [], hosts: [], expressions: [] }
  for (const [hostname, list] of rules.hosts) {
    const own: number[] = []
    for (const { source } of list) {
      if (source.kind !== 'strategy') continue
      let position = positions.get(source.value)
      if (position === undefined) {
        position = stored.strategies.push(source.value) - 1
        positions.set(source.value, position)
      }
      own.push(position)
    }
    stored.hosts.push([hostname, own])
  }
  stored.expressions = rules.expressions.map(({ source }) => source.value)
  const draft = `${file}.tmp`
  const handle = await open(draft, 'w', 0o640)
  try {
    await handle.writeFile(JSON.stringify(stored))
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(draft, file)
  const folder = await open(dirname(file), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Reads them back; undefined when there is no file yet. @throws Error when it cannot be read or understood. */
export async function loadRules(file: string): Promise<RawRules | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const stored = JSON.parse(text) as Partial<Stored>
  const { strategies, hosts, expressions } = stored
  if (stored.format !== 1 || !strategies || !hosts || !expressions)
    throw new Error(`Cannot read ${file}: it does not hold rules in format 1`)
  const hostStrategies = hosts.map(([hostname, own]) => ({ hostname, strategies: own.map((at) => strategies[at]) }))
  const read = readAnswers({ hostStrategies }, { expressions })
  if (!read.ok) throw new Error(`Cannot read ${file}: ${read.reason}`)
  return read.value
}

/**
 * Keeps the rules for the next start. `save` settles when they are on disk, or cannot be: then it is logged and counted,
 * and matters only if hbs is away at that start. Calls must not overlap.
 */
export function createRulesKeeper(
  file: string,
  counters: Counters,
  log: Logger,
): { save(rules: RuleSet): Promise<void> } {
  return {
    async save(rules) {
      try {
        await saveRules(file, rules)
      } catch (error) {
        counters.add('rules.saveFailures')
        log.warn({ err: error }, 'rules could not be saved for the next start')
      }
    },
  }
}
