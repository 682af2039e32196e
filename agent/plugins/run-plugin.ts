import { join } from 'node:path'
import type { Reading } from '#protocol'
import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import { loadGuards } from '../processes/guards.ts'
import { namesOf } from '../processes/run-guard.ts'
import type { RunProcess } from '../processes/run-guard.ts'
import { runProgram } from '../run-program.ts'
import type { RunResult } from '../run-program.ts'
import { parseArgs } from './args.ts'
import { commandFor } from './command.ts'
import type { Command } from './command.ts'
import { decodeOutput } from './decode.ts'
import { readOutput } from './output.ts'
import type { PluginOutput } from './output.ts'
import type { Plugin } from './plan.ts'
import { explainExit, explainStart, noInterpreterLine, readScriptHead } from './script-head.ts'
import type { ScriptHead } from './script-head.ts'
import { writeStderrLog } from './stderr-log.ts'

/** The last run of a plugin, for people. */
export interface LastRun {
  /** Unix milliseconds at which it ended. */
  readonly atMs: number
  readonly durationMs: number
  readonly exit: number | string | undefined
  readonly samples: number
  /** Undefined when all went well. */
  readonly error: string | undefined
  /** What a Nagios plugin says; empty for others. */
  readonly message: string
  /** What this and earlier runs left in the background. */
  readonly left: readonly RunProcess[]
}

/** Absolute paths, and what runs may use. */
export interface PluginSettings {
  readonly dir: string
  readonly logs: string
  readonly cwd: string
  readonly outputKilobytes: number
  /** Processor time of a run, in percent of one processor over its cycle. */
  readonly cpuPercent: number
  readonly memoryMegabytes: number
  readonly processes: number
  readonly leftovers: 'keep' | 'end'
}

export interface PluginRunnerOptions {
  /** Asked at each run. */
  readonly settings: () => PluginSettings
  /** What plugins see of the environment. */
  readonly env: Readonly<Record<string, string>>
  /** Takes what a run printed; not ok when it is no array of items. */
  readonly take: (items: string) => Reading<{ accepted: number; refused: readonly { index: number; reason: string }[] }>
  /** Told of each run that ended, unless the agent stopped it. */
  readonly onRun: (plugin: Plugin, run: LastRun) => void
  readonly counters: Counters
  readonly log: Logger
  readonly now: () => number
}

/**
 * Runs a plugin once; `before` is its last run. Counters: `plugin.runs` by what became of them. Anything that goes wrong
 * is a `LastRun` with an error.
 */
export type RunPlugin = (plugin: Plugin, before: LastRun | undefined, stopped: AbortSignal) => Promise<LastRun>

export function createPluginRunner(options: PluginRunnerOptions): RunPlugin {
  const { settings, env, take, onRun, counters, log, now } = options

  /** Hands on what a run printed, and says what was wrong with it. */
  async function understand(
    plugin: Plugin,
    result: RunResult,
    head: ScriptHead | undefined,
  ): Promise<Pick<LastRun, 'error' | 'samples' | 'message'>> {
    const nothing = { samples: 0, message: '' }
    const { outcome, exit, stdout, stderr } = result
    if (outcome !== 'exited') return { ...nothing, error: reasonOf(result) }
    const told = firstLine(await decodeOutput(stderr))
    const failure = exit === 0 ? undefined : explainExit(`exit status ${exit ?? 'unknown'}${told}`, head)
    const read = readOutput(plugin, exit, await decodeOutput(stdout))
    const isStatus = read?.ok === true && read.value.format === 'nagios'
    // Falcon: what a failing plugin printed counts for nothing, unless it also wrote to stderr.
    if (!read || (failure !== undefined && stderr.length === 0 && !isStatus)) return { ...nothing, error: failure }
    if (!read.ok) return { ...nothing, error: failure ?? `Cannot read its output: ${read.reason}` }
    return { ...takeItems(read.value, isStatus ? undefined : failure), message: read.value.message ?? '' }
  }

  function takeItems({ items }: PluginOutput, failure: string | undefined): Pick<LastRun, 'error' | 'samples'> {
    const taken = take(items)
    if (!taken.ok) return { error: failure ?? `Cannot read its output: ${taken.reason}`, samples: 0 }
    const { accepted, refused } = taken.value
    const [first] = refused
    const refusal = first && `${refused.length} of its items refused, first item ${first.index}: ${first.reason}`
    return { error: failure ?? refusal, samples: accepted }
  }

  async function keepStderr(plugin: Plugin, stderr: Buffer): Promise<void> {
    try {
      await writeStderrLog(settings().logs, plugin, stderr)
    } catch (error) {
      counters.add('plugin.stderrLost')
      log.warn({ plugin: plugin.FilePath, err: error }, 'stderr of a plugin could not be written')
    }
  }

  /** What runs left may go on, like a service that a plugin started, but only as many as one run may have. */
  async function settleLeft(found: readonly RunProcess[]): Promise<{ left: RunProcess[]; error?: string }> {
    const { leftovers, processes } = settings()
    if (found.length === 0) return { left: [] }
    const guards = await loadGuards()
    const left = guards.alive(found)
    const tooMany = left.length > processes
    if (left.length === 0 || (leftovers === 'keep' && !tooMany)) return { left }
    const problem = await guards.endAll(left)
    const what = `its runs left ${left.length} processes running, ${processes} are allowed: they were ended`
    const error = problem ?? (tooMany ? what : undefined)
    return { left: guards.alive(left), ...(error === undefined ? {} : { error }) }
  }

  return async (plugin, before, stopped) => {
    const file = join(settings().dir, plugin.FilePath)
    const command = commandFor(file, parseArgs(plugin.Args))
    const head = command.ok && command.value.needsInterpreterLine ? readScriptHead(file) : undefined
    const result = command.ok
      ? await start(plugin, command.value, settings(), head, env, stopped)
      : notStarted(command.reason)
    if (result.stderr.length > 0) await keepStderr(plugin, result.stderr)
    const { left, error: leftError } = await settleLeft([...(before?.left ?? []), ...result.left])
    const { samples, message, error: runError } = await understand(plugin, result, head)
    const error = runError ?? leftError
    counters.add(`plugin.runs.${error === undefined ? 'ok' : 'failed'}`)
    // A plugin that fails in every cycle is worth one line; the numbers in its error differ each time.
    if (error !== undefined && error.replaceAll(/\d+/g, '') !== before?.error?.replaceAll(/\d+/g, ''))
      log.warn({ plugin: plugin.FilePath, args: plugin.Args, error }, 'plugin run')
    if (left.length > (before?.left.length ?? 0))
      log.info({ plugin: plugin.FilePath, left: namesOf(left) }, 'plugin left processes running')
    const { durationMs, exit, outcome } = result
    const run: LastRun = { atMs: now(), durationMs, exit, samples, error, message, left }
    if (outcome !== 'stopped') onRun(plugin, run)
    return run
  }
}

async function start(
  plugin: Plugin,
  command: Command,
  settings: PluginSettings,
  head: ScriptHead | undefined,
  env: Readonly<Record<string, string>>,
  stopped: AbortSignal,
): Promise<RunResult> {
  if (head?.isPlainText === true) return notStarted(noInterpreterLine)
  const result = await runProgram({
    ...command,
    cwd: settings.cwd,
    env,
    timeoutMs: plugin.Cycle * 1000 - 500,
    maxOutputBytes: settings.outputKilobytes * 1024,
    limits: {
      cpuSeconds: (plugin.Cycle * settings.cpuPercent) / 100,
      memoryBytes: settings.memoryMegabytes * 2 ** 20,
      processes: settings.processes,
    },
    signal: stopped,
  })
  if (result.outcome === 'not started') return { ...result, reason: explainStart(result.reason ?? 'unknown', head) }
  return result
}

function notStarted(reason: string): RunResult {
  const nothing = Buffer.alloc(0)
  return { outcome: 'not started', exit: undefined, stdout: nothing, stderr: nothing, durationMs: 0, left: [], reason }
}

/** Why the output of a run that did not end by itself does not count. */
function reasonOf({ outcome, reason, durationMs }: RunResult): string {
  if (outcome === 'not started') return `not started: ${reason ?? 'unknown'}`
  if (outcome === 'over limit') return `killed: ${reason ?? outcome}`
  if (outcome !== 'timeout') return reason === undefined ? outcome : `${outcome}: ${reason}`
  const why = reason === undefined ? '' : ` (${reason})`
  return `killed after ${durationMs} ms: no run may last longer than its cycle${why}`
}

/** `: ` and the first line of what was written to stderr; nothing for nothing. */
function firstLine(text: string): string {
  const line = text.trim().split(/\r?\n/)[0] ?? ''
  return line === '' ? '' : `: ${line.slice(0, 200)}`
}
