import { expect, test } from 'vitest'
import { historyPieces } from './answers.ts'

test('a long answer comes in small pieces, so that others are served while it is written', () => {
  const run = (first: number, count: number) => ({
    first,
    interval: 60,
    values: new Float64Array(count).map((_, i) => i / 4),
  })
  // 4000: the last piece ends with a run.
  for (const counts of [[0], [1], [4000], [2000, 2000], [99_999, 0, 7]]) {
    const runs = counts.map((count, i) => run(60 + 6e6 * i, count))
    const pieces = [...historyPieces('h', 'c', { kind: 'GAUGE', step: 60, runs })]
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(128 * 1024)
    expect(JSON.parse(pieces.join(''))).toEqual({
      endpoint: 'h',
      counter: 'c',
      dstype: 'GAUGE',
      step: 60,
      Values: runs.flatMap(({ first, values }) =>
        [...values].map((value, i) => ({ timestamp: first + 60 * i, value })),
      ),
    })
  }
})
