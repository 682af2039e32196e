import type { Reload } from '#lib/module'
import type { GraphQueryConfig } from './config.ts'

/** Keys whose change counts at once. */
const reloadable: readonly string[] = ['debug', 'trusted', 'token', 'query.mostSeries', 'query.mostPoints']

/** The configuration as `/config` shows it, secrets masked. */
export function publicConfig(config: GraphQueryConfig): unknown {
  return { ...config, token: config.token === '' ? '' : '***' }
}

/** Takes over what counts at once; what differs besides is named. */
export function mergeReloaded(
  before: GraphQueryConfig,
  fresh: GraphQueryConfig,
): { config: GraphQueryConfig; changes: Reload } {
  const old = leaves(before)
  const changed = [...leaves(fresh)].filter(([key, value]) => old.get(key) !== value).map(([key]) => key)
  const { mostSeries, mostPoints } = fresh.query
  return {
    config: {
      ...before,
      debug: fresh.debug,
      trusted: fresh.trusted,
      token: fresh.token,
      query: { ...before.query, mostSeries, mostPoints },
    },
    changes: {
      applied: changed.filter((key) => reloadable.includes(key)),
      needsRestart: changed.filter((key) => !reloadable.includes(key)),
    },
  }
}

/** Dotted name → value as JSON, of everything that is no object. */
function leaves(value: unknown, prefix = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return new Map([[prefix, JSON.stringify(value) ?? 'undefined']])
  return new Map(
    Object.entries(value).flatMap(([name, member]) => [...leaves(member, prefix === '' ? name : `${prefix}.${name}`)]),
  )
}
