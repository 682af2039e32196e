/**
 * What fits a name in which `*` stands for anything and `?` for one character. Names are short (of interfaces 15 bytes, of units 255), so no pattern takes long.
 */
export function patternOf(text: string): RegExp {
  const literal = text.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
  return new RegExp(`^${literal.replaceAll(/\*+/g, '.*').replaceAll('?', '.')}$`)
}
