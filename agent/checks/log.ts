import { isAbsolute, join } from 'node:path'
import { defineCheck } from './check.ts'
import type { CheckContext, CheckFamily, Outcome } from './check.ts'
import { eachTarget } from './each-target.ts'
import { expressionProblem, loadMatcher } from './expression.ts'
import { readLogs } from './log-files.ts'
import type { ReadLogs } from './log-files.ts'
import { loadMemories, saveMemories, withoutForgotten, positionsFile } from './log-positions.ts'
import type { LogMemories, LogMemory } from './log-positions.ts'
import { readOptions } from './options.ts'

interface LogTarget {
  readonly file: string
  /** A text and an expression that a line must hold; empty for any. */
  readonly text: string
  readonly match: string
  readonly encoding: 'utf-8' | 'gbk'
  readonly megabytes: number
}

/** Checks at a time. */
const parallel = 8

const deadlineMs = 30_000

/** Of the line that people are shown. */
const shownCharacters = 300

/**
 * `file=<path with * and ?>` and `text=` or `match=<expression>`: how many lines that came since the last round hold it.
 * What was looked through is remembered in the data directory, so that a restart neither skips nor repeats lines.
 */
export function createLogCount(): CheckFamily {
  let memories: LogMemories | undefined

  return defineCheck<LogTarget>({
    name: 'log',
    metrics: ['log.count', 'log.behind'],
    read: (tags, options) =>
      readOptions(tags, options, { keys: ['encoding', 'megabytes'], texts: ['file', 'text', 'match'] }, (reader) => {
        const file = reader.text('file')
        if (!isAbsolute(file)) reader.refuse(`file=${file} is not absolute`)
        const [text, match] = [reader.encoded('text', ''), reader.encoded('match', '')]
        const problem = expressionProblem(match)
        if (problem !== undefined) reader.refuse(`match=${match}: ${problem}`)
        if (text === '' && match === '') reader.refuse('neither text= nor match= says what to look for')
        return {
          file,
          text,
          match,
          encoding: reader.choice('encoding', ['utf-8', 'gbk'], 'utf-8'),
          megabytes: reader.number('megabytes', { min: 1, max: 1000, fallback: 16 }),
        }
      }),
    async run(targets, context) {
      const store = join(context.dataDir, positionsFile)
      const before = (memories ??= await loadMemories(store))
      const fresh = new Map<string, LogMemory>()
      const outcomes = await eachTarget(targets, { parallel, longestMs: () => deadlineMs }, async (target) => {
        const key = JSON.stringify(target)
        const { outcome, memory } = await counted(target, before.get(key), context)
        if (memory) fresh.set(key, memory)
        return outcome
      })
      memories = withoutForgotten(new Map([...before, ...fresh]), Date.now())
      try {
        if (isChanged(before, fresh)) await saveMemories(store, memories)
        return outcomes
      } catch (error) {
        const reason = `after a restart lines may be missing: ${(error as Error).message}`
        return outcomes.map((outcome) => ({ reason, ...outcome }))
      }
    },
  })
}

async function counted(
  target: LogTarget,
  before: LogMemory | undefined,
  { host }: CheckContext,
): Promise<{ outcome: Outcome; memory?: LogMemory }> {
  const { file, text, match, encoding, megabytes } = target
  let count = 0
  let lastLine = before?.lastLine
  let read: ReadLogs
  try {
    const matches = await loadMatcher(match)
    const decoder = new TextDecoder(encoding)
    // In UTF-8 the bytes tell quickly that a text is not there.
    const bytes = encoding === 'utf-8' && text !== '' ? Buffer.from(text) : undefined
    const take = (lines: Buffer): void => {
      if (bytes && !lines.includes(bytes)) return
      for (const line of decoder
        .decode(lines)
        .replace(/\r?\n$/, '')
        .split(/\r?\n/)) {
        if (!line.includes(text) || !matches(line)) continue
        count++
        lastLine = line
      }
    }
    read = await host.walkFiles(`log ${JSON.stringify(target)}`, deadlineMs, (ask, at) =>
      readLogs(file, before?.positions, megabytes * 2 ** 20, { ask, at }, take),
    )
  } catch (error) {
    return { outcome: { values: {}, reason: (error as Error).message } }
  }
  const { positions, behind, found } = read
  const reason =
    found === 0
      ? 'there is no such file'
      : behind > 0
        ? `${behind} bytes could not be looked through yet: more than ${megabytes} MB came in a round`
        : undefined
  const shown = lastLine?.slice(0, shownCharacters)
  return {
    outcome: {
      values: { 'log.count': count, 'log.behind': behind },
      ...(reason !== undefined && { reason }),
      ...(shown !== undefined && { note: shown }),
    },
    memory: { positions, lastLine: shown, atMs: Date.now() },
  }
}

/** The time of a memory counts once an hour only: quiet logs need no writing. */
function isChanged(before: LogMemories, fresh: LogMemories): boolean {
  return [...fresh].some(([key, { positions, lastLine, atMs }]) => {
    const old = before.get(key)
    if (!old || atMs - old.atMs > 3_600_000 || lastLine !== old.lastLine) return true
    return JSON.stringify(positions) !== JSON.stringify(old.positions)
  })
}
