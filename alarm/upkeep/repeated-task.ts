import type { Logger } from '#lib/log'
import type { Counters } from '#lib/counters'

export interface RepeatedTask {
  stop(): Promise<void>
}

/**
 * Runs `work` again and again, `everyMs` after it ended, at once when it says that there is more to do. A failure is counted, logged once until it
 * works again, and tried again like everything else.
 */
export function startRepeatedTask(task: {
  readonly name: string
  readonly work: () => Promise<boolean>
  readonly everyMs: number
  readonly counters: Counters
  readonly log: Logger
}): RepeatedTask {
  const { name, work, everyMs, counters, log } = task
  let stopping = false
  let failing = false
  let wake = () => {}

  async function run(): Promise<void> {
    for (;;) {
      if (stopping) return
      let more = false
      try {
        more = await work()
        if (failing) log.info({ task: name }, 'task works again')
        failing = false
      } catch (error) {
        counters.add(`${name}.failures`)
        if (!failing) log.error({ err: error, task: name }, 'task failed')
        failing = true
      }
      if (stopping) return
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, more ? 0 : everyMs)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  const running = run()
  return {
    async stop() {
      stopping = true
      wake()
      await running
    },
  }
}
