/**
 * Text in which `*` stands for anything and `?` for one character. Each star may stand for anything: names of devices are
 * short, so no pattern takes long.
 */
export function patternOf(text: string): RegExp {
  const literal = text.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
  return new RegExp(`^${literal.replaceAll(/\*+/g, '.*').replaceAll('?', '.')}$`)
}
