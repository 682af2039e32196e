import { RE2JS } from 're2js'
import type { Reading } from '#protocol'

/** Whether a name fits all terms of a search text. Takes time linear in the name, whatever the expression. */
export type NamePattern = (name: string) => boolean

const longestText = 1000
/** Instructions of a compiled expression; a term like `(a{50}){20}` has a thousand. */
const largestProgram = 5000

/**
 * Reads a search text: regular expressions separated by blanks, all of which must be found in a name. With `negation`
 * a leading `!` means that the rest must not be found. Falcon: case does not matter, as in the SQL of the original.
 */
export function readPattern(text: string, options: { negation: boolean }): Reading<NamePattern> {
  if (text.length > longestText)
    return { ok: false, reason: `the search text has ${text.length} characters, at most ${longestText} are allowed` }
  const terms: NamePattern[] = []
  for (const word of text.split(' ').map((part) => part.trim())) {
    if (word === '') continue
    const negated = options.negation && word.startsWith('!')
    const term = readTerm(negated ? word.slice(1) : word)
    if (!term.ok) return term
    terms.push(negated ? (name) => !term.value(name) : term.value)
  }
  return { ok: true, value: (name) => terms.every((term) => term(name)) }
}

function readTerm(expression: string): Reading<NamePattern> {
  if (expression === '.+') return { ok: true, value: (name) => name !== '' }
  if (expression === '.*' || expression === '') return { ok: true, value: () => true }
  const literal = literalOf(expression)
  if (literal !== undefined) return { ok: true, value: (name) => name.toLowerCase().includes(literal) }
  try {
    const compiled = RE2JS.compile(expression, RE2JS.CASE_INSENSITIVE)
    if (compiled.programSize() > largestProgram)
      return { ok: false, reason: `the regular expression "${expression}" is too complex` }
    return { ok: true, value: (name) => compiled.test(name) }
  } catch (error) {
    return { ok: false, reason: `the regular expression "${expression}" is not valid: ${(error as Error).message}` }
  }
}

/** The lower-case text that an expression stands for when it has no operators; most searches are of this kind. */
function literalOf(expression: string): string | undefined {
  const text = expression.replaceAll(/\\([.\-/_])/g, '$1')
  if (/[\\^$*+?()[\]{}|]/.test(text)) return undefined
  // An unescaped dot stands for any character.
  return /(^|[^\\])\./.test(expression) ? undefined : text.toLowerCase()
}
