/** A member of an object, or an element of an array (then `name` is empty), as positions in its JSON text. */
export interface JsonPart {
  readonly name: string
  readonly start: number
  /** Just past the value. */
  readonly end: number
}

/** What a JSON value is called in the texts of Go's decoder. */
export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'bool' | 'null'

/*
 * These functions walk text that is known to be valid JSON. They do not recurse, so no nesting is too deep for them.
 */

/** The kind of the value that begins at `at`. */
export function kindAt(text: string, at: number): JsonKind {
  switch (text.charAt(at)) {
    case '{':
      return 'object'
    case '[':
      return 'array'
    case '"':
      return 'string'
    case 't':
    case 'f':
      return 'bool'
    case 'n':
      return 'null'
    default:
      return 'number'
  }
}

/** The first index from `at` on that holds no white space. */
export function skipBlanks(text: string, at: number): number {
  let i = at
  while (isBlank(text.charCodeAt(i))) i++
  return i
}

/** Just past the value that begins at `at`. */
export function endOfValue(text: string, at: number): number {
  const first = text.charCodeAt(at)
  if (first === quote) return endOfString(text, at)
  if (first !== openBrace && first !== openBracket) return endOfScalar(text, at)
  let depth = 0
  for (let i = at; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === quote) i = endOfString(text, i) - 1
    else if (code === openBrace || code === openBracket) depth++
    else if ((code === closeBrace || code === closeBracket) && --depth === 0) return i + 1
  }
  return text.length
}

/** The members of the object that begins at `at`, in the order they are written; a name may come twice. */
export function membersAt(text: string, at: number): JsonPart[] {
  const members: JsonPart[] = []
  let i = skipBlanks(text, at + 1)
  while (text.charCodeAt(i) !== closeBrace) {
    const nameEnd = endOfString(text, i)
    const name = nameOf(text.slice(i, nameEnd))
    const start = skipBlanks(text, skipBlanks(text, nameEnd) + 1)
    const end = endOfValue(text, start)
    members.push({ name, start, end })
    i = afterComma(text, end)
  }
  return members
}

/** The elements of the array that begins at `at`. */
export function elementsAt(text: string, at: number): JsonPart[] {
  const elements: JsonPart[] = []
  let i = skipBlanks(text, at + 1)
  while (text.charCodeAt(i) !== closeBracket) {
    const end = endOfValue(text, i)
    elements.push({ name: '', start: i, end })
    i = afterComma(text, end)
  }
  return elements
}

/** The literals of all numbers in a stretch of text, whatever they are nested in. */
export function* numbersBetween(text: string, start: number, end: number): Generator<string> {
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    if (code === quote) i = endOfString(text, i) - 1
    else if (code === minus || (code >= digit0 && code <= digit9)) {
      const stop = endOfScalar(text, i)
      yield text.slice(i, stop)
      i = stop - 1
    }
  }
}

const quote = 34
const comma = 44
const minus = 45
const digit0 = 48
const digit9 = 57
const openBracket = 91
const backslash = 92
const closeBracket = 93
const openBrace = 123
const closeBrace = 125

function nameOf(quoted: string): string {
  return quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1)
}

function isBlank(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9
}

function afterComma(text: string, end: number): number {
  const i = skipBlanks(text, end)
  return text.charCodeAt(i) === comma ? skipBlanks(text, i + 1) : i
}

function endOfString(text: string, at: number): number {
  let i = at
  for (;;) {
    i = text.indexOf('"', i + 1)
    if (i < 0) return text.length
    let before = i - 1
    while (text.charCodeAt(before) === backslash) before--
    if ((i - 1 - before) % 2 === 0) return i + 1
  }
}

function endOfScalar(text: string, at: number): number {
  let i = at
  while (i < text.length) {
    const code = text.charCodeAt(i)
    if (isBlank(code) || code === comma || code === closeBrace || code === closeBracket) break
    i++
  }
  return i
}
