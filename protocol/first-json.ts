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
  const end = endOfFirst(text)
  return end === undefined ? undefined : parsed(text.slice(0, end))
}

function parsed(text: string): FirstJson | undefined {
  try {
    return { value: JSON.parse(text) as unknown, text }
  } catch {
    return undefined // Not JSON: that is the answer, and all that the parser's message says.
  }
}

const structural = /["[\]{}]/g
const scalar = /^[ \t\r\n]*(?:-?\d[\d.eE+-]*|true|false|null)/

/** Where the value that the text begins with ends, judged by brackets and quotes alone. */
function endOfFirst(text: string): number | undefined {
  const plain = scalar.exec(text)
  if (plain) return plain[0].length
  let depth = 0
  structural.lastIndex = 0
  for (let found = structural.exec(text); found; found = structural.exec(text)) {
    const [character] = found
    if (character === '"') {
      const end = endOfString(text, structural.lastIndex)
      if (end === undefined) return undefined
      structural.lastIndex = end
    } else depth += character === '[' || character === '{' ? 1 : -1
    if (depth <= 0) return structural.lastIndex
  }
  return undefined
}

/** The index after the closing quote of a string whose content begins at `from`. */
function endOfString(text: string, from: number): number | undefined {
  for (let quote = text.indexOf('"', from); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0
    while (text[quote - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return quote + 1
  }
  return undefined
}
