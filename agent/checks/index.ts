import type { Reading } from '#protocol'
import type { CollectedSample, Collector } from '../collectors/collector.ts'
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

/**
 * Runs all checks, the families side by side, and resolves when the slowest has ended: minutes, when directories or
 * URLs are slow. An agent that must not wait for those runs the collectors below.
 */
export async function runChecks(checks: readonly Check[], host: Host, hostname: string): Promise<CollectedSample[]> {
  const collectors = createCheckCollectors(() => checks, host, hostname)
  return (await Promise.all(collectors.map((collector) => collector.collect()))).flat()
}

/** One collector a family, over the checks that `current` gives at that moment: slow families do not hold up quick ones. */
export function createCheckCollectors(current: () => readonly Check[], host: Host, hostname: string): Collector[] {
  return checkFamilies.map((family) => ({
    name: family.metric,
    async collect() {
      const mine = current().filter((check) => check.metric === family.metric)
      return mine.length === 0 ? [] : family.run(mine, { host, hostname })
    },
  }))
}
