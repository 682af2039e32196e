import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import type { Store } from './store/types.ts'

/** Calls what the store needs called, again and again. */
export interface Upkeep {
  /** What went wrong the last time and may still be wrong. */
  notices(): string[]
  stop(): void
}

export function startUpkeep(
  store: Store,
  options: { readonly syncMs: number; readonly maintainMs: number; readonly counters: Counters; readonly log: Logger },
): Upkeep {
  const { counters, log } = options
  const failures = new Map<string, string>()
  for (const what of ['sync the log', 'write segments']) counters.add(`UpkeepFailed.${what}`, 0)

  async function attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
      failures.delete(what)
    } catch (error) {
      if (stopped) return
      counters.add(`UpkeepFailed.${what}`)
      // Once, not every second: the notice stands until it works again.
      if (!failures.has(what)) log.error({ err: error }, `cannot ${what}`)
      failures.set(what, `Cannot ${what}: ${(error as Error).message}`)
    }
  }

  let stopped = false
  let syncing = false
  const syncTimer = setInterval(() => {
    if (syncing) return
    syncing = true
    void attempt('sync the log', () => store.sync()).finally(() => {
      syncing = false
    })
  }, options.syncMs)
  const maintainTimer = setInterval(() => void attempt('write segments', () => store.maintain()), options.maintainMs)

  return {
    notices: () => [...failures.values()],
    stop() {
      stopped = true
      clearInterval(syncTimer)
      clearInterval(maintainTimer)
    },
  }
}
