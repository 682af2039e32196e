import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { z } from 'zod'
import { ConfigError, loadConfig } from '#lib/config'
import { createLogger } from '#lib/log'
import type { Logger } from '#lib/log'
import { projectRoot } from './root.ts'

/** What a reload did: applied at once, or only after a restart. Dotted key names. */
export interface Reload {
  readonly applied: readonly string[]
  readonly needsRestart: readonly string[]
}

/** A started module. `stop` settles when nothing more will be sent or written. */
export interface Running {
  stop(): Promise<void>
  /** Called on SIGHUP with the freshly read configuration. */
  reload?(config: never): Promise<Reload> | Reload
}

export interface ModuleMain<S extends z.ZodType> {
  /** Also the name of its folder, which holds cfg.json (yours) and cfg.example.json (the defaults). */
  readonly name: string
  readonly schema: S
  start(config: z.output<S>, log: Logger, configFile: string): Promise<Running>
}

/** How long a stop may take before the process leaves anyway, with exit code 1. */
const stopDeadlineMs = 15_000

/**
 * Runs a module as a process: reads `--config`, starts it, reloads on SIGHUP, stops on SIGTERM and SIGINT.
 * Exit codes: 0 stopped, 1 failed (one clear sentence on stderr), 2 bad arguments or configuration.
 */
export async function runModule<S extends z.ZodType>(main: ModuleMain<S>): Promise<void> {
  const chosen = configFileFrom(process.argv.slice(2), main.name)
  const folder = join(projectRoot, main.name)
  const read = () =>
    chosen === undefined
      ? loadConfig(main.schema, join(folder, 'cfg.json'), join(folder, 'cfg.example.json'))
      : loadConfig(main.schema, chosen)
  let loaded: ReturnType<typeof read>
  try {
    loaded = read()
  } catch (error) {
    return leave(error instanceof ConfigError ? 2 : 1, `${main.name}: ${(error as Error).message}`)
  }
  const log = createLogger(main.name, { debug: (loaded.value as { debug?: boolean }).debug === true })
  if (loaded.unknownKeys.length > 0)
    log.warn({ file: loaded.file, keys: loaded.unknownKeys }, 'unknown config keys ignored')

  process.on('unhandledRejection', (error) => {
    log.fatal({ err: error }, 'unhandled rejection')
    process.exit(1)
  })
  let running: Running
  try {
    running = await main.start(loaded.value, log, loaded.file)
  } catch (error) {
    return leave(1, `${main.name}: ${(error as Error).message}`)
  }
  log.info({ file: loaded.file, pid: process.pid }, 'started')

  const reload = async () => {
    try {
      const fresh = read()
      const outcome = await running.reload?.(fresh.value as never)
      log.info(
        { file: fresh.file, ...outcome },
        outcome ? 'reloaded' : 'this module applies its configuration at start only',
      )
    } catch (error) {
      log.error({ err: error }, 'reload refused, the old configuration stays')
    }
  }
  process.on('SIGHUP', () => void reload())

  let stopping = false
  const stop = async (signal: string) => {
    if (stopping) return
    stopping = true
    log.info({ signal }, 'stopping')
    setTimeout(() => leave(1, `${main.name}: did not stop within ${stopDeadlineMs} ms`), stopDeadlineMs).unref()
    try {
      await running.stop()
      log.info('stopped')
      process.exit(0)
    } catch (error) {
      log.error({ err: error }, 'stop failed')
      process.exit(1)
    }
  }
  process.on('SIGTERM', () => void stop('SIGTERM'))
  process.on('SIGINT', () => void stop('SIGINT'))
}

/** The file given by `--config`, undefined when none was. Leaves with code 2 on anything else. */
function configFileFrom(argv: string[], name: string): string | undefined {
  try {
    return parseArgs({ args: argv, options: { config: { type: 'string', short: 'c' } } }).values.config
  } catch (error) {
    return leave(2, `${name}: ${(error as Error).message}. Usage: ${name} [--config FILE]`)
  }
}

function leave(code: number, sentence: string): never {
  process.stderr.write(`${sentence}\n`)
  process.exit(code)
}
