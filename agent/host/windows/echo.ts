import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Host } from '../host.ts'
import type { EchoCalls } from './win32.ts'

/** Looks are this far apart at most. It costs no accuracy, because Windows itself takes the time. */
const longestPauseMs = 25

/** Windows tells whole milliseconds; less than one is taken for a half. */
const lessThanOne = 0.5

/** Any number at a time, and none of them keeps a thread. */
export function createEcho(calls: EchoCalls, now: () => number = () => performance.now()): Host['echo'] {
  return async (address, timeoutMs) => {
    const startedAt = now()
    const echo = calls.sendEcho(address, timeoutMs)
    try {
      while (!echo.isOver()) await sleep(Math.min(longestPauseMs, 1 + (now() - startedAt) / 8))
      const milliseconds = echo.milliseconds()
      return milliseconds === 0 ? lessThanOne : milliseconds
    } finally {
      echo.close()
    }
  }
}
