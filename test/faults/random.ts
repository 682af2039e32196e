/** Numbers that look random and are the same for the same seed, so that a run can be repeated. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** Whole, in [from, to]. */
  between(from: number, to: number): number
  /** @throws when there is nothing to choose from */
  pick<T>(choices: readonly T[]): T
}

/** Marsaglia's xorshift with 32 bits; the seed is stirred first, so that neighbouring seeds differ at once. */
export function createRandom(seed: number): Random {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 1
  const next = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  for (let i = 0; i < 8; i++) next()
  return {
    next,
    between: (from, to) => from + Math.floor(next() * (to - from + 1)),
    pick(choices) {
      const chosen = choices[Math.floor(next() * choices.length)]
      if (chosen === undefined) throw new RangeError('Cannot pick: there is nothing to choose from')
      return chosen
    },
  }
}
