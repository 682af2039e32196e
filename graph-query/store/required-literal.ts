/**
 * A text in lower case that must be in every name an expression fits, the longest that is easily seen; undefined when
 * none is. It is looked for quickly before the expression is tried, so it may be too short but never wrong: whatever has
 * groups, alternatives or rare escapes has none.
 */
export function requiredLiteral(expression: string): string | undefined {
  if (/[()|]|\\[^.\-/_]/.test(expression)) return undefined
  let best = ''
  let run = ''
  const end = () => {
    if (run.length > best.length) best = run
    run = ''
  }
  // A set, a quantifier, an escaped character, or one character.
  for (const [token] of expression.matchAll(/\[\^?\]?(?:\[:\^?\w+:\]|[^\]])*\]|\{[^}]*\}|\\.|[^]/gu)) {
    if (/^[*?{]/.test(token)) {
      // The character before may be missing; it is also where the run ends.
      run = run.slice(0, -1)
      end()
    } else if (token === '+' || token.length > 2 || /^[[.^$]$/.test(token)) end()
    else {
      const character = token.at(-1) ?? ''
      // Others have relatives in other cases (k and the Kelvin sign) that lower case may not bring together.
      if (/^[\x20-\x7e]$/.test(character) && !/^[ks]$/i.test(character)) run += character.toLowerCase()
      else end()
    }
  }
  end()
  return best === '' ? undefined : best
}
