import type { Reading } from '#protocol'
import type { Collector } from '../collectors/collector.ts'
import type { Host } from '../host/host.ts'
import type { Check, CheckFamily } from './check.ts'
import { directorySize } from './directory-size.ts'
import { portListening } from './port-listening.ts'
import { processCount } from './process-count.ts'
import { urlHealth } from './url-health.ts'

/** What a strategy can ask of an agent, besides metrics that are always collected. */
export const checkFamilies: readonly CheckFamily[] = [portListening, processCount, directorySize, urlHealth]

/** Reads one metric and tag text as hbs hands them out (`Agent.BuiltinMetrics`). */
export function parseCheck(metric: string, tags: string): Reading<Check> {
  const family = checkFamilies.find((family) => family.metric === metric)
  if (!family) return { ok: false, reason: `no check is called "${metric}"` }
  return family.read(tags)
}

/** One collector a family, over the checks that `current` gives at that moment: slow families do not hold up quick ones. */
export function createCheckCollectors(
  current: () => readonly Check[],
  host: Host,
  hostname: () => string,
): Collector[] {
  return checkFamilies.map((family) => ({
    name: family.metric,
    async collect() {
      const mine = current().filter((check) => check.metric === family.metric)
      return mine.length === 0 ? [] : family.run(mine, { host, hostname: hostname() })
    },
  }))
}
