import type { Reload } from '#lib/module'
import type { JudgeConfig } from './config.ts'

/** Keys whose change counts at once. */
const reloadable: readonly string[] = [
  'debug',
  'staleAfterSeconds',
  'closeOnChange',
  'trusted',
  'token',
  'hbs.interval',
  'alarm.minInterval',
]

/** The configuration as `/config` shows it, secrets masked. */
export function publicConfig(config: JudgeConfig): unknown {
  const { alarm } = config
  const masked = (text: string) => text.replace(/\/\/[^@/]*@/, '//***@').replace(/^([^:@/]+):.*@/, '$1:***@')
  return {
    ...config,
    token: config.token === '' ? '' : '***',
    alarm: {
      ...alarm,
      database: masked(alarm.database),
      redis: { ...alarm.redis, dsn: masked(alarm.redis.dsn), ...(alarm.redis.password && { password: '***' }) },
    },
  }
}

/** Takes over what counts at once; what differs besides is named. */
export function mergeReloaded(before: JudgeConfig, fresh: JudgeConfig): { config: JudgeConfig; changes: Reload } {
  const old = leaves(before)
  const changed = [...leaves(fresh)].filter(([key, value]) => old.get(key) !== value).map(([key]) => key)
  return {
    config: {
      ...before,
      debug: fresh.debug,
      staleAfterSeconds: fresh.staleAfterSeconds,
      closeOnChange: fresh.closeOnChange,
      trusted: fresh.trusted,
      token: fresh.token,
      hbs: { ...before.hbs, interval: fresh.hbs.interval },
      alarm: { ...before.alarm, minInterval: fresh.alarm.minInterval },
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
