import { phaseOf } from '../schedule.ts'

/** How often it is looked whether an update is due. */
const lookMs = 30_000

/**
 * Calls `update` once every `seconds()`, at a place of the interval that differs from host to host; never while that is 0.
 * The setting counts as it is at the moment.
 */
export function startPeriodicUpdates(options: {
  seconds: () => number
  hostname: () => string
  now: () => number
  update: () => void
}): { stop(): void } {
  const { seconds, hostname, now, update } = options
  let before: number | undefined
  function look(): void {
    const intervalMs = seconds() * 1000
    if (intervalMs === 0) {
      before = undefined
      return
    }
    const interval = Math.floor((now() - phaseOf(`${hostname()}/plugin update`, intervalMs)) / intervalMs)
    if (before !== undefined && interval !== before) update()
    before = interval
  }
  look()
  const timer = setInterval(look, lookMs)
  return { stop: () => clearInterval(timer) }
}
