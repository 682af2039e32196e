import type { Reading } from '#protocol'
import type { Check, CheckFamily, CheckOptions } from './check.ts'
import { directorySize } from './directory-size.ts'
import { dns } from './dns.ts'
import { file } from './file.ts'
import { http } from './http.ts'
import { createLogCount } from './log.ts'
import { ping } from './ping.ts'
import { portListening } from './port-listening.ts'
import { processCount } from './process-count.ts'
import { createProcessUse } from './process-use.ts'
import { serviceState } from './service-state.ts'
import { tcp } from './tcp.ts'
import { urlHealth } from './url-health.ts'

/** What can be asked of an agent, besides metrics that are always collected. */
export const checkFamilies: readonly CheckFamily[] = [
  portListening,
  processCount,
  createProcessUse(),
  serviceState,
  directorySize,
  urlHealth,
  ping,
  tcp,
  http,
  dns,
  file,
  createLogCount(),
]

/** Reads one metric and tag text as hbs hands them out (`Agent.BuiltinMetrics`) or the configuration has them. */
export function parseCheck(metric: string, tags: string, options: CheckOptions = {}): Reading<Check> {
  const family = checkFamilies.find((family) => family.metrics.includes(metric))
  if (!family) return { ok: false, reason: `no check is called "${metric}"` }
  const target = family.read(tags, options)
  return target.ok ? { ok: true, value: { metric, tags, target: target.value } } : target
}
