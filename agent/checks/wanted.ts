import { parseTags } from '#protocol'
import type { BuiltinMetric } from '#protocol'
import type { Logger } from '#lib/log'
import type { Check, CheckOptions } from './check.ts'
import { checkFamilies, parseCheck } from './index.ts'
import { withoutPasswords } from './passwords.ts'

/** A check of the configuration. */
export interface LocalCheck {
  readonly metric: string
  readonly tags: string
  /** What does not belong into tags: long texts and secrets. Sent nowhere. */
  readonly options: CheckOptions
}

/**
 * The checks of the configuration, then those that hbs asks for. A strategy about a check that is made anyway asks for
 * none of its own: one on `http.ok` with the tag `name=shop` is met by a local check of that name. What else cannot be
 * made is told in the log.
 */
export function wantedChecks(local: readonly LocalCheck[], ordered: readonly BuiltinMetric[], log: Logger): Check[] {
  const own = local.map(({ metric, tags, options }) => ({ metric, tags, read: parseCheck(metric, tags, options) }))
  const asked = ordered
    .map(({ Metric, Tags }) => ({ metric: Metric, tags: Tags, read: parseCheck(Metric, Tags) }))
    .filter((strategy) => !own.some((check) => check.read.ok && meets(check, strategy)))
  const all = [...own, ...asked]
  return all.flatMap((check) => {
    if (check.read.ok) return [check.read.value]
    if (!all.some((other) => other.read.ok && meets(other, check))) {
      const [tags, reason] = [check.tags, check.read.reason].map(withoutPasswords)
      log.warn({ metric: check.metric, tags, reason }, 'check asked for cannot be made')
    }
    return []
  })
}

type Asked = Pick<Check, 'metric' | 'tags'>

/** Whether the series of `check` are such that a strategy on `asked` is about. */
function meets(check: Asked, asked: Asked): boolean {
  const sameFamily = checkFamilies.some(
    ({ metrics }) => metrics.includes(check.metric) && metrics.includes(asked.metric),
  )
  if (!sameFamily) return false
  const tags = parseTags(check.tags)
  return [...parseTags(asked.tags)].every(([key, value]) => tags.get(key) === value)
}
