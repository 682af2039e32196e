import type { ClockOffset } from '../ntp/clock-offset.ts'
import { gauge } from './collector.ts'
import type { Collector } from './collector.ts'

/**
 * `sys.ntp.offset`: milliseconds this host is ahead of its time servers, as measured last. Nothing is sent to anybody, and
 * nothing loaded, while `servers` names none.
 */
export function createNtpCollector(
  servers: () => readonly string[],
  create: () => Promise<ClockOffset> = async () =>
    (await import('../ntp/clock-offset.ts')).createClockOffset({ servers }),
): Collector {
  let offset: Promise<ClockOffset> | undefined
  return {
    name: 'ntp',
    async collect() {
      if (!offset && servers().length === 0) return []
      const ms = (await (offset ??= create())).look()
      return ms === undefined ? [] : [gauge('sys.ntp.offset', ms)]
    },
  }
}
