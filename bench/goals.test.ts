import { expect, test } from 'vitest'
import { goalsTable } from './goals.ts'

test('what was measured stands beside its goal, and a missed one says why', () => {
  const lines = goalsTable({ fullPathStored: 750, fullPathDropped: 0, queryCold: 1000, transferPerCore: 0.9 }).split(
    '\n',
  )
  expect(lines.slice(1)).toEqual([
    expect.stringMatching(/^transfer intake.* 0\.90 M samples\/s a core +>= 1\.2 +0\.75x +MISSED: reading JSON/),
    expect.stringMatching(/^full path, stored.* 750 k samples\/s +>= 500 +1\.50x +reached$/),
    expect.stringMatching(/^full path, dropped.* 0 samples +<= 0 +reached$/),
    expect.stringMatching(/^query of 100 series.* 1000 ms +<= 500 +0\.50x +MISSED$/),
  ])
})
