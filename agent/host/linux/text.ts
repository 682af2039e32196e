/** The words of a line: what stands between runs of blanks and tabs. */
export function words(line: string): string[] {
  const found: string[] = []
  let start = -1
  for (let i = 0; i < line.length; i++) {
    const code = line.charCodeAt(i)
    if (code === 32 || code === 9) {
      if (start >= 0) found.push(line.slice(start, i))
      start = -1
    } else if (start < 0) start = i
  }
  if (start >= 0) found.push(line.slice(start))
  return found
}

/** A decimal number as the kernel prints it. Throws naming `what` when it is anything else. */
export function numberFrom(word: string | undefined, what: string): number {
  const value = word === undefined || word === '' ? Number.NaN : Number(word)
  if (Number.isNaN(value)) throw new Error(`Cannot understand ${what}: "${word ?? ''}" is not a number`)
  return value
}

/** The numbers of a line from word `from` on; short lines of old kernels are filled with zeros up to `count`. */
export function numbersFrom(found: readonly string[], from: number, count: number, what: string): number[] {
  return Array.from({ length: count }, (_, i) => {
    const word = found[from + i]
    return word === undefined ? 0 : numberFrom(word, what)
  })
}
