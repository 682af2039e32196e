import { compareBytes } from './tags.ts'

/**
 * JSON as Go's encoder writes it, which is what every peer has seen so far: `<`, `>`, `&`, U+2028 and U+2029 escaped,
 * other characters as they are, no blanks. Members keep their order, absent (`undefined`) ones are left out; the members
 * that are maps in Go (`tags`, `pushedTags`), and any Map, are sorted by the bytes of their keys.
 * @throws when a number is NaN or infinite, which Go refuses too.
 */
export function goJson(value: unknown): string {
  if (typeof value === 'string') return goText(value)
  if (typeof value === 'number') return goNumber(value)
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  // Undefined and functions have no JSON; where an array holds one, something must stand in its place.
  return typeof value === 'object' && value !== null ? goObject(value) : 'null'
}

function goObject(value: object): string {
  if (Array.isArray(value)) return `[${value.map(goJson).join(',')}]`
  if (value instanceof Map) return goMap([...(value as Map<string, unknown>)])
  let members = ''
  for (const name of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[name]
    if (member === undefined) continue
    const text = isDictionary(name, member) ? goMap(Object.entries(member)) : goJson(member)
    members += `${members === '' ? '' : ','}${goText(name)}:${text}`
  }
  return `{${members}}`
}

function isDictionary(name: string, member: unknown): member is object {
  if (name !== 'tags' && name !== 'pushedTags') return false
  return typeof member === 'object' && member !== null && !Array.isArray(member) && !(member instanceof Map)
}

function goMap(entries: [string, unknown][]): string {
  const sorted = entries.toSorted(([a], [b]) => compareBytes(a, b))
  return `{${sorted.map(([key, value]) => `${goText(key)}:${goJson(value)}`).join(',')}}`
}

/** A float64 as Go writes it; JavaScript's digits and exponents are the same, only -0 is not. */
function goNumber(value: number): string {
  if (!Number.isFinite(value)) throw new Error(`Cannot write JSON: ${value} is not a JSON number`)
  return Object.is(value, -0) ? '-0' : String(value)
}

const short = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
])

const toEscape = /["\\<>&\u2028\u2029]|\p{Cc}|\p{Surrogate}/gu

function goText(text: string): string {
  return isPlain(text) ? `"${text}"` : `"${text.replace(toEscape, escapeOf)}"`
}

const plainAscii = Uint8Array.from({ length: 128 }, (_, code) =>
  code < 32 || '"\\<>&'.includes(String.fromCharCode(code)) ? 0 : 1,
)

/** Whether no character is escaped. A loop, as names are short and there are many of them. */
function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 128 ? plainAscii[code] === 0 : code >= 0x2028) return false
  }
  return true
}

function escapeOf(character: string): string {
  const code = character.charCodeAt(0)
  // Half a surrogate pair is what Go would have seen as invalid UTF-8.
  const shown = code >= 0xd800 && code <= 0xdfff ? 0xfffd : code
  // DEL and the control characters above it stand for themselves.
  if (shown >= 0x7f && shown < 0x2028) return character
  return short.get(character) ?? `\\u${shown.toString(16).padStart(4, '0')}`
}
