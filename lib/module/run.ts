import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { z } from 'zod'
import type { LoadedConfig } from '#lib/config'
import { createLogger } from '#lib/log'
import type { LogOutput, Logger } from '#lib/log'
import type { Reload } from './reload.ts'
import { projectRoot } from './root.ts'

/** A started module. `stop` settles when nothing more will be sent or written. */
export interface Running {
  stop(): Promise<void>
  /** Called on SIGHUP with the freshly read configuration. */
  reload?(config: never): Promise<Reload> | Reload
}

interface ProcessMain<C> {
  /** Also the name of its folder, which holds cfg.json (yours) and cfg.example.json (the defaults). */
  readonly name: string
  start(config: C, log: Logger, configFile: string): Promise<Running>
}

export interface ModuleMain<S extends z.ZodType> extends ProcessMain<z.output<S>> {
  readonly schema: S
}

export interface LeanMain<C> extends ProcessMain<C> {
  /** The words behind the program's name; all of them unless some are taken already. */
  readonly argv?: readonly string[]
  /** Where the log goes in place of stdout; the sentence that says why the process left then goes there too. */
  readonly output?: LogOutput | undefined
  /** Reads the file given by `--config`, or what stands for it when none was. Called again for each reload. */
  read(chosen: string | undefined): Promise<LoadedConfig<C>>
}

/** How long a stop may take before the process leaves anyway, with exit code 1. */
const stopDeadlineMs = 15_000

/**
 * Runs a module as a process: reads `--config`, starts it, reloads on SIGHUP, stops on SIGTERM and SIGINT.
 * Exit codes: 0 stopped, 1 failed (one clear sentence on stderr), 2 bad arguments or configuration.
 */
export async function runModule<S extends z.ZodType>(main: ModuleMain<S>): Promise<void> {
  // Loaded here, so that a lean module need not pay for what checks configurations.
  const { loadConfig } = await import('#lib/config')
  const folder = join(projectRoot, main.name)
  await runLean<z.output<S>>({
    name: main.name,
    start: (config, log, configFile) => main.start(config, log, configFile),
    read: async (chosen) =>
      chosen === undefined
        ? loadConfig(main.schema, join(folder, 'cfg.json'), join(folder, 'cfg.example.json'))
        : loadConfig(main.schema, chosen),
  })
}

/** As `runModule`, for a module that has its configuration read outside of its own process. */
export async function runLean<C>(main: LeanMain<C>): Promise<void> {
  const leave = (code: number, sentence: string): never => {
    process.stderr.write(`${sentence}\n`)
    main.output?.write(`${sentence}\n`)
    process.exit(code)
  }
  const chosen = configFileFrom(main.argv ?? process.argv.slice(2), main.name, leave)
  let loaded: LoadedConfig<C>
  try {
    loaded = await main.read(chosen)
  } catch (error) {
    return leave((error as Error).name === 'ConfigError' ? 2 : 1, `${main.name}: ${(error as Error).message}`)
  }
  const log = createLogger(main.name, {
    debug: (loaded.value as { debug?: boolean }).debug === true,
    ...(main.output && { destination: main.output }),
  })
  if (loaded.unknownKeys.length > 0)
    log.warn({ file: loaded.file, keys: loaded.unknownKeys }, 'unknown config keys ignored')

  process.on('unhandledRejection', (error) => {
    log.fatal({ err: error }, 'unhandled rejection')
    process.exit(1)
  })
  // Nobody sees what Node itself says of it on stderr.
  if (main.output) process.on('uncaughtExceptionMonitor', (err) => log.fatal({ err }, 'uncaught exception'))
  // A start may take minutes, and the default of this signal is death.
  const tooEarly = () => log.warn('not reloaded: this module is still starting')
  process.on('SIGHUP', tooEarly)
  let running: Running
  try {
    running = await main.start(loaded.value, log, loaded.file)
  } catch (error) {
    return leave(1, `${main.name}: ${(error as Error).message}`)
  }
  log.info({ file: loaded.file, pid: process.pid }, 'started')

  const reload = async () => {
    try {
      const fresh = await main.read(chosen)
      const outcome = await running.reload?.(fresh.value as never)
      log.info(
        { file: fresh.file, ...outcome },
        outcome ? 'reloaded' : 'this module applies its configuration at start only',
      )
    } catch (error) {
      log.error({ err: error }, 'reload refused, the old configuration stays')
    }
  }
  process.off('SIGHUP', tooEarly)
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
      // 0 unless the module says that it wants to be started again.
      process.exit()
    } catch (error) {
      log.error({ err: error }, 'stop failed')
      process.exit(1)
    }
  }
  process.on('SIGTERM', () => void stop('SIGTERM'))
  process.on('SIGINT', () => void stop('SIGINT'))
}

/** The file given by `--config`, undefined when none was. Leaves with code 2 on anything else. */
function configFileFrom(
  argv: readonly string[],
  name: string,
  leave: (code: number, sentence: string) => never,
): string | undefined {
  try {
    return parseArgs({ args: [...argv], options: { config: { type: 'string', short: 'c' } } }).values.config
  } catch (error) {
    return leave(2, `${name}: ${(error as Error).message}. Usage: ${name} [--config FILE]`)
  }
}
