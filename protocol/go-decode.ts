import { elementsAt, endOfValue, kindAt, membersAt, numbersBetween, skipBlanks } from './json-text.ts'
import type { Reading } from './reading.ts'

/**
 * A Go type that JSON text is decoded into as Go's encoding/json does it: member names match whatever their case, of
 * two members with one name the last counts, `null` leaves a value as it was, an integer is digits only, and the first
 * value of a wrong type makes the error, in Go's words, once everything else has been read.
 */
export interface GoType<T> {
  /** As error texts name it, for example `int64` or `[]*model.MetricValue`. */
  readonly name: string
  zero(): T
  /** The value that begins at `at`; `previous` where Go leaves what was there. */
  read(source: GoSource, at: number, previous: T): T
}

/** The text being decoded, and the first thing found wrong in it. */
export interface GoSource {
  readonly text: string
  problem: string | undefined
  /** `Struct.field` being decoded, empty outside of a struct. */
  field: string
}

/** Decodes valid JSON text. The reason of a refusal is the text that a Go server answers. */
export function decodeGo<T>(type: GoType<T>, text: string): Reading<T> {
  const source: GoSource = { text, problem: undefined, field: '' }
  const value = type.read(source, skipBlanks(text, 0), type.zero())
  return source.problem === undefined ? { ok: true, value } : { ok: false, reason: source.problem }
}

export const goString: GoType<string> = {
  name: 'string',
  zero: () => '',
  read(source, at, previous) {
    const kind = kindAt(source.text, at)
    if (kind === 'string') return textAt(source, at)
    if (kind !== 'null') complain(source, kind, 'string')
    return previous
  },
}

/** As a JavaScript number, so beyond 2^53 it is the nearest one. */
export const goInt64: GoType<number> = {
  name: 'int64',
  zero: () => 0,
  read(source, at, previous) {
    const kind = kindAt(source.text, at)
    if (kind === 'null') return previous
    if (kind !== 'number') return complain(source, kind, 'int64', previous)
    const literal = source.text.slice(at, endOfValue(source.text, at))
    if (!/^-?\d+$/.test(literal) || BigInt.asIntN(64, BigInt(literal)) !== BigInt(literal))
      return complain(source, `number ${literal}`, 'int64', previous)
    return Number(literal) + 0
  },
}

/** Go's `interface{}`: whatever JSON holds. */
export const goAny: GoType<unknown> = {
  name: 'interface {}',
  zero: () => null,
  read(source, at, previous) {
    const kind = kindAt(source.text, at)
    if (kind === 'string') return textAt(source, at)
    const end = endOfValue(source.text, at)
    for (const literal of numbersBetween(source.text, at, end))
      if (!Number.isFinite(Number(literal))) return complain(source, `number ${literal}`, 'float64', previous)
    return JSON.parse(source.text.slice(at, end)) as unknown
  },
}

/** A struct of Open-Falcon's package `model`; members are listed by the names they have in JSON. */
export function goStruct<T extends object>(name: string, fields: { readonly [K in keyof T]: GoType<T[K]> }): GoType<T> {
  const names = Object.keys(fields) as (keyof T & string)[]
  const byName = new Map<string, keyof T & string>(names.map((field) => [field, field]))
  const byFold = new Map(names.map((field) => [foldName(field), field]))
  return {
    name: `model.${name}`,
    zero: () => Object.fromEntries(names.map((field) => [field, fields[field].zero()])) as T,
    read(source, at, previous) {
      const kind = kindAt(source.text, at)
      if (kind === 'null') return previous
      if (kind !== 'object') return complain(source, kind, `model.${name}`, previous)
      const value = { ...previous }
      for (const member of membersAt(source.text, at)) {
        const field = byName.get(member.name) ?? byFold.get(foldName(member.name))
        if (field === undefined) continue
        const outer = source.field
        source.field = `${name}.${field}`
        value[field] = fields[field].read(source, member.start, value[field])
        source.field = outer
      }
      return value
    },
  }
}

/** A Go slice of pointers: an element `null` stays null, and `null` for the slice is an empty one. */
export function goPointers<T>(element: GoType<T>): GoType<(T | null)[]> {
  const name = `[]*${element.name}`
  return {
    name,
    zero: () => [],
    read(source, at, previous) {
      const kind = kindAt(source.text, at)
      if (kind === 'null') return []
      if (kind !== 'array') return complain(source, kind, name, previous)
      return elementsAt(source.text, at).map(({ start }) =>
        kindAt(source.text, start) === 'null' ? null : element.read(source, start, element.zero()),
      )
    },
  }
}

/** Two member names are one to Go when they fold to the same: ASCII case, and the two letters that fold into ASCII. */
export function foldName(name: string): string {
  return name.replace(/[A-Z\u017f\u212a]/g, (letter) => {
    if (letter === '\u017f') return 's'
    return letter === '\u212a' ? 'k' : letter.toLowerCase()
  })
}

/** Go has no lone surrogates: each becomes U+FFFD. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd')
}

function textAt(source: GoSource, at: number): string {
  return wellFormed(JSON.parse(source.text.slice(at, endOfValue(source.text, at))) as string)
}

function complain(source: GoSource, what: string, type: string): undefined
function complain<T>(source: GoSource, what: string, type: string, previous: T): T
function complain<T>(source: GoSource, what: string, type: string, previous?: T): T | undefined {
  const into = source.field === '' ? 'Go value' : `Go struct field ${source.field}`
  source.problem ??= `json: cannot unmarshal ${what} into ${into} of type ${type}`
  return previous
}
