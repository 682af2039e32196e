import { RE2JS } from 're2js'
import type { Reading } from '#protocol'
import { requiredLiteral } from './required-literal.ts'
import type { NamePattern } from './types.ts'

const longestText = 1000
/** Instructions of a compiled expression; a term like `(a{50}){20}` has a thousand. */
const largestProgram = 5000

/**
 * Reads a search text: regular expressions separated by blanks, all of which must be found in a name. With `negation`
 * a leading `!` means that the rest must not be found. Falcon: case does not matter, as in the SQL of the original.
 * A pattern takes time linear in the name, whatever the expressions.
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
    terms.push(negated ? (name: string) => !term.value(name) : term.value)
  }
  let literal: string | undefined
  for (const term of terms) if ((term.literal?.length ?? 0) > (literal?.length ?? 0)) literal = term.literal
  const fits = (name: string) => terms.every((term) => term(name))
  return { ok: true, value: Object.assign(fits, { literal }) }
}

function readTerm(expression: string): Reading<NamePattern> {
  if (expression === '.+') return { ok: true, value: (name) => name !== '' }
  if (expression === '.*' || expression === '') return { ok: true, value: () => true }
  const literal = literalOf(expression)
  if (literal !== undefined) {
    const has = (name: string) => name.toLowerCase().includes(literal)
    return { ok: true, value: Object.assign(has, { literal }) }
  }
  try {
    const compiled = RE2JS.compile(expression, RE2JS.CASE_INSENSITIVE)
    if (compiled.programSize() > largestProgram)
      return { ok: false, reason: `the regular expression "${expression}" is too complex` }
    const fits = (name: string) => compiled.test(name)
    return { ok: true, value: Object.assign(fits, { literal: requiredLiteral(expression) }) }
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
