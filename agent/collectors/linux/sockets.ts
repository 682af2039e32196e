import { performance } from 'node:perf_hooks'
import type { LinuxHost } from '../../host/linux/host.ts'
import { gauge } from '../collector.ts'
import type { Collector } from '../collector.ts'

/** Counting half-open connections costs more than all the rest of a collection: at steps below a minute, the last count is repeated. */
const countEveryMs = 50_000

/** What `ss -s` says about TCP, by its words. `now` is in milliseconds, on a clock that never jumps. */
export function createSocketsCollector(
  host: Pick<LinuxHost, 'sockets' | 'synReceived'>,
  now: () => number = () => performance.now(),
): Collector {
  let counted: { at: number; synReceived: number | undefined } | undefined
  return {
    name: 'ss',
    async collect() {
      const sockets = await host.sockets()
      if (!counted || now() - counted.at >= countEveryMs) counted = { at: now(), synReceived: await host.synReceived() }
      return [
        gauge('ss.estab', sockets.established),
        gauge('ss.closed', sockets.closed),
        gauge('ss.orphaned', sockets.orphaned),
        ...(counted.synReceived === undefined ? [] : [gauge('ss.synrecv', counted.synReceived)]),
        gauge('ss.timewait', sockets.timeWait),
        // Falcon: read from slabs that no kernel since 2.6 has under that name, so 0 everywhere.
        gauge('ss.slabinfo.timewait', 0),
      ]
    },
  }
}
