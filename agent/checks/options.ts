import type { Reading } from '#protocol'
import type { IpVersion } from '../host/names.ts'
import type { CheckOptions } from './check.ts'

/** What was asked for, by key. Reads each value with what it may be, and refuses with a reason that shows the text. */
export interface OptionReader {
  has(key: string): boolean
  /** @throws Refusal when it is missing and has no `fallback`. */
  text(key: string, fallback?: string): string
  /** The same of a text that tags cannot always carry: there `%2C` is a comma, `%20` a blank, as in URLs. */
  encoded(key: string, fallback?: string): string
  /** A whole number. @throws Refusal when it is none or outside of the limits, or missing without `fallback`. */
  number(key: string, limits: { min: number; max: number; fallback?: number }): number
  flag(key: string): boolean
  choice<Choice extends string>(key: string, choices: readonly Choice[], fallback: Choice): Choice
  /** Of the key `ip`: 4, 6, or whatever there is. */
  ipVersion(): IpVersion | undefined
  refuse(why: string): never
}

/** Thrown within `readOptions` only, where it becomes the refusal. */
class Refusal extends Error {}

/**
 * Reads a tag text `key=value,key=value`. The values of `texts` may hold `,` and `=`: after one of them a comma begins
 * another option only when a known key and `=` follow. `options` of the configuration win over tags. Every check knows
 * the key `name`, which is for people. Other keys are refused: a misspelt one would change what is checked.
 */
export function readOptions<Target>(
  tags: string,
  options: CheckOptions,
  { keys, texts = [] }: { readonly keys: readonly string[]; readonly texts?: readonly string[] },
  read: (reader: OptionReader) => Target,
): Reading<Target> {
  const known = [...texts, ...keys, 'name']
  try {
    const values = new Map([...splitTags(tags, known, texts), ...Object.entries(options)])
    for (const key of values.keys())
      if (!known.includes(key)) throw new Refusal(`${key} is none of ${known.join(', ')}`)
    return { ok: true, value: read(readerOf(values, (key) => !Object.hasOwn(options, key))) }
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, reason: `"${tags}" cannot be read: ${error.message}` }
    throw error
  }
}

function splitTags(tags: string, known: readonly string[], texts: readonly string[]): Map<string, string> {
  const values = new Map<string, string>()
  let last = ''
  for (const part of tags === '' ? [] : tags.split(',')) {
    const [, key = '', value = ''] = /^\s*([\w.-]+)\s*=(.*)$/s.exec(part) ?? []
    if (texts.includes(last) && !known.includes(key)) values.set(last, `${values.get(last)},${part}`)
    else if (key === '') throw new Refusal(`"${part}" is not key=value`)
    else values.set((last = key), value)
  }
  return new Map([...values].map(([key, value]) => [key, value.trim()]))
}

function readerOf(values: ReadonlyMap<string, string>, isTag: (key: string) => boolean): OptionReader {
  const refuse = (why: string): never => {
    throw new Refusal(why)
  }
  const text = (key: string, fallback?: string) => {
    const value = values.get(key) ?? fallback
    return value === undefined || (value === '' && fallback === undefined) ? refuse(`${key}= is missing`) : value
  }
  return {
    has: (key) => values.has(key),
    text,
    encoded: (key, fallback) => (isTag(key) ? decoded(text(key, fallback)) : text(key, fallback)),
    number(key, { min, max, fallback }) {
      const given = text(key, fallback === undefined ? undefined : String(fallback))
      const value = Number(given === '' ? Number.NaN : given)
      const right = Number.isInteger(value) && value >= min && value <= max
      return right ? value : refuse(`${key}=${given} is not a number from ${min} to ${max}`)
    },
    flag(key) {
      const value = values.get(key) ?? 'false'
      return value === 'true' || value === 'false' ? value === 'true' : refuse(`${key}=${value} is not true or false`)
    },
    choice(key, choices, fallback) {
      const value = values.get(key) ?? fallback
      return choices.find((choice) => choice === value) ?? refuse(`${key}=${value} is not ${choices.join(' or ')}`)
    },
    ipVersion() {
      const value = values.get('ip') ?? 'any'
      if (value !== '4' && value !== '6' && value !== 'any') refuse(`ip=${value} is not 4, 6 or any`)
      return value === 'any' ? undefined : value === '4' ? 4 : 6
    },
    refuse,
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
