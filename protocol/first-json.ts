import { endOfValue, skipBlanks } from './json-text.ts'

/** The first JSON value of a text, read, with the text it was read from. */
export interface FirstJson {
  readonly value: unknown
  readonly text: string
}

/**
 * Reads what Go's stream decoder takes from a request body: the first JSON value, whatever follows it.
 * Undefined when the text does not begin with one.
 */
export function readFirstJson(text: string): FirstJson | undefined {
  const whole = parsed(text)
  if (whole) return whole
  return parsed(text.slice(0, endOfValue(text, skipBlanks(text, 0))))
}

function parsed(text: string): FirstJson | undefined {
  try {
    return { value: JSON.parse(text) as unknown, text }
  } catch {
    return undefined // Not JSON: that is the answer, and all that the parser's message says.
  }
}
