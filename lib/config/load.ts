import { readFileSync } from 'node:fs'
import type { z } from 'zod'

/** Every problem of a config file at once, one a line, each naming the key. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

export interface LoadedConfig<T> {
  readonly value: T
  /** Dotted names of members that the schema does not know; worth one warning line. */
  readonly unknownKeys: readonly string[]
  readonly file: string
}

/** What stands for a file that does not exist: another file, or a text that the program carries with it. */
export type Fallback = string | { readonly name: string; readonly text: string }

/**
 * Reads a JSON config file and checks it. When `file` does not exist, `fallback` (the shipped example) is read instead.
 * Unknown keys are reported, never refused, so that an old file can be copied.
 * @throws ConfigError when neither can be read, when it is not JSON, or when a value is bad.
 */
export function loadConfig<S extends z.ZodType>(
  schema: S,
  file: string,
  fallback?: Fallback,
): LoadedConfig<z.output<S>> {
  const { path, text } = readFirst(file, fallback)
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch (error) {
    throw new ConfigError(`Cannot read ${path}: it is not valid JSON (${messageOf(error)})`)
  }
  const checked = schema.safeParse(raw)
  if (!checked.success) {
    const problems = checked.error.issues.map(
      (issue) => `  ${issue.path.join('.') || '(file)'}: ${issue.message}, got ${shown(valueAt(raw, issue.path))}`,
    )
    throw new ConfigError(`Cannot use ${path}:\n${problems.join('\n')}`)
  }
  return { value: checked.data, unknownKeys: unknownKeys(raw, checked.data), file: path }
}

function readFirst(file: string, fallback: Fallback | undefined): { path: string; text: string } {
  try {
    return { path: file, text: readFileSync(file, 'utf8') }
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    if (missing && typeof fallback === 'object') return { path: fallback.name, text: fallback.text }
    if (missing && typeof fallback === 'string') return readFirst(fallback, undefined)
    throw new ConfigError(`Cannot read ${file}: ${messageOf(error)}`)
  }
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  let at = raw
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined
    at = (at as Record<PropertyKey, unknown>)[key]
  }
  return at
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

/** Zod drops members that a schema does not name, so what is in `raw` but not in `known` was unknown. */
function unknownKeys(raw: unknown, known: unknown, prefix = ''): string[] {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return []
  if (typeof known !== 'object' || known === null || Array.isArray(known)) return []
  const unknown: string[] = []
  for (const [key, value] of Object.entries(raw)) {
    if (!(key in known)) unknown.push(prefix + key)
    else unknown.push(...unknownKeys(value, (known as Record<string, unknown>)[key], `${prefix}${key}.`))
  }
  return unknown
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
