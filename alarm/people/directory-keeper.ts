import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import type { Directory } from './directory.ts'

export interface DirectoryKeeper {
  /** The last good reading; reads first when there was none yet. Rejects when there never was one. */
  current(): Promise<Directory>
  /** As `current`, but read within the last two seconds, while the tables can be read: for what was not found. */
  fresh(): Promise<Directory>
  stop(): Promise<void>
}

/** So that events whose action was deleted do not have the tables read for each of them. */
const freshMs = 2000

/** Reads the directory again every `reloadSeconds`; while that fails the last good reading serves. */
export function startDirectoryKeeper(options: {
  readonly load: () => Promise<Directory>
  readonly reloadSeconds: () => number
  readonly counters: Counters
  readonly log: Logger
  readonly now: () => number
}): DirectoryKeeper {
  const { load, counters, log, now } = options
  let last: Directory | undefined
  let readAt = 0
  let failing = false
  let under: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  counters.gauge('directory.ageSeconds', () => (readAt === 0 ? -1 : Math.round((now() - readAt) / 1000)))

  async function read(): Promise<void> {
    try {
      last = await load()
      readAt = now()
      counters.add('directory.read')
      if (failing) log.info('portal tables can be read again')
      failing = false
    } catch (error) {
      counters.add('directory.failed')
      if (!failing) log.warn({ err: error }, 'portal tables cannot be read, the last reading serves')
      failing = true
      if (!last) throw error
    }
  }

  /** Who asks while a reading is under way waits for that one. */
  function readOnce(): Promise<void> {
    under ??= read().finally(() => (under = undefined))
    return under
  }

  async function givenBy(reading: Promise<void> | undefined): Promise<Directory> {
    await reading
    if (!last) throw new Error('Cannot tell who is to be told: the portal tables were never read')
    return last
  }

  function plan(): void {
    if (stopped) return
    timer = setTimeout(() => {
      // Its failure was counted and logged.
      void readOnce()
        .catch(() => undefined)
        .finally(plan)
    }, options.reloadSeconds() * 1000)
  }
  plan()

  return {
    current: () => givenBy(last ? undefined : readOnce()),
    fresh: () => givenBy(last && now() - readAt < freshMs ? undefined : readOnce()),
    async stop() {
      stopped = true
      clearTimeout(timer)
      await under?.catch(() => undefined)
    },
  }
}
