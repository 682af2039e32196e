import { setImmediate } from 'node:timers/promises'

/** Long work on the main thread in short turns: await it between pieces. */
export type Pacer = () => Promise<void>

/** Lets others run whenever `budgetMs` have passed since the last time. */
export function createPacer(budgetMs = 8): Pacer {
  let turnStart = performance.now()
  return async () => {
    if (performance.now() - turnStart < budgetMs) return
    await setImmediate()
    turnStart = performance.now()
  }
}
