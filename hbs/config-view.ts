import type { Reload } from '#lib/module'
import type { HbsConfig } from './config.ts'

/** The configuration as `/config` shows it: without the token and the password of the database. */
export function publicConfig(config: HbsConfig): HbsConfig {
  return { ...config, token: config.token === '' ? '' : '***', database: withoutPassword(config.database) }
}

/** `user:password@…` → `user:***@…`; an empty password stays empty, so that it can be seen. */
function withoutPassword(dsn: string): string {
  if (dsn.startsWith('sqlite:')) return dsn
  const at = dsn.lastIndexOf('@', dsn.lastIndexOf('/'))
  const colon = dsn.indexOf(':')
  return colon < 0 || colon + 1 >= at ? dsn : `${dsn.slice(0, colon)}:***${dsn.slice(at)}`
}

/** Keys whose change counts at once. */
const reloadable = new Set<string>(['trustable', 'token', 'reloadSeconds'])

/** The keys that differ, parted by whether the running process can take them over. */
export function changedKeys(before: HbsConfig, after: HbsConfig): Reload {
  const keys = Object.keys({ ...before, ...after }) as (keyof HbsConfig)[]
  const changed = keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
  return {
    applied: changed.filter((key) => reloadable.has(key)),
    needsRestart: changed.filter((key) => !reloadable.has(key)),
  }
}
