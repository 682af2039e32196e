/** What a reload did: applied at once, or only after a restart. Dotted key names. */
export interface Reload {
  readonly applied: readonly string[]
  readonly needsRestart: readonly string[]
}

/**
 * Takes over from a freshly read configuration what counts at once, and names every key that differs.
 * `atOnce` are dotted keys; all others keep the value in force, so that `/config` shows what is.
 */
export function mergeReload<C extends object>(
  before: C,
  fresh: C,
  atOnce: readonly string[],
): { config: C; changes: Reload } {
  const old = leaves(before)
  const read = leaves(fresh)
  const changed = [...new Set([...old.keys(), ...read.keys()])].filter((key) => old.get(key) !== read.get(key))
  const counts = (key: string) => atOnce.some((one) => key === one || key.startsWith(`${one}.`))
  return {
    config: merged(before, fresh, atOnce, ''),
    changes: { applied: changed.filter(counts), needsRestart: changed.filter((key) => !counts(key)) },
  }
}

function merged<C extends object>(before: C, fresh: C, atOnce: readonly string[], prefix: string): C {
  const taken = { ...before } as Record<string, unknown>
  for (const [name, value] of Object.entries(fresh) as [string, unknown][]) {
    const key = prefix + name
    const own = taken[name]
    if (atOnce.includes(key)) taken[name] = value
    else if (isSection(own) && isSection(value)) taken[name] = merged(own, value, atOnce, `${key}.`)
  }
  return taken as C
}

/** Dotted name → value as JSON, of everything that is no section. */
function leaves(value: unknown, prefix = ''): Map<string, string> {
  if (!isSection(value)) return new Map([[prefix, JSON.stringify(value) ?? 'undefined']])
  return new Map(
    Object.entries(value).flatMap(([name, member]) => [...leaves(member, prefix === '' ? name : `${prefix}.${name}`)]),
  )
}

function isSection(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
