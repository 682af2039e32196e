import type { TextChunk, Texts } from './texts.ts'
import type { NamePattern } from './types.ts'

/** Texts of one chunk that are tested one by one before the whole chunk is searched for the literal. */
const fewTexts = 64

/**
 * Asks `pattern` at most once for each different text: most hosts send the same counters. Where a literal must be in
 * all that fits, chunks of which many texts are asked for are searched for it at once, and texts without it not tested.
 */
export function createNameTest(texts: Texts, pattern: NamePattern): (number: number) => boolean {
  /** 0 while it is not known, 1 for no, 2 for yes. Texts that come during the search are asked each time. */
  const answers = new Uint8Array(texts.count)
  const tested = new Map<number, number>()
  const literal = pattern.literal ? Buffer.from(pattern.literal) : undefined
  return (number) => {
    const known = answers[number] ?? 0
    if (known !== 0) return known === 2
    if (literal) {
      const index = texts.chunkOf(number)
      const before = tested.get(index) ?? 0
      tested.set(index, before + 1)
      if (before === fewTexts) {
        excludeWithout(literal, texts.chunk(index), answers)
        if (answers[number] === 1) return false
      }
    }
    const fits = pattern(texts.text(number))
    answers[number] = fits ? 2 : 1
    return fits
  }
}

/** Answers no for the texts of a chunk that do not have the literal. */
function excludeWithout(literal: Buffer, chunk: TextChunk, answers: Uint8Array): void {
  const { bytes, end } = chunk
  let at = bytes.indexOf(literal)
  for (let number = chunk.first; number < end; number++) {
    const next = number + 1 < end ? chunk.start(number + 1) : bytes.length
    if (at < 0 || at >= next) {
      if (answers[number] === 0) answers[number] = 1
    } else at = bytes.indexOf(literal, next)
  }
}
