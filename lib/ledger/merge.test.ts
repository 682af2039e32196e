import { expect, test } from 'vitest'
import { mergeReports } from './merge.ts'
import type { PeriodTotals } from './period.ts'

const totals = (members: Partial<PeriodTotals>): PeriodTotals => ({
  account: 'a',
  items: 'samples',
  received: 10,
  heldBefore: 1,
  out: { sent: 5 },
  refused: {},
  returned: { back: 2 },
  returnedByStop: 1,
  dropped: {},
  held: { queued: 3 },
  unexplained: 0,
  lost: 0,
  ...members,
})

test('accounts of the same name add up, reason by reason; others stand beside them', () => {
  const one = { module: 'transfer', at: 7, since: 1, accounts: [totals({})] }
  const two = {
    module: 'transfer',
    at: 9,
    since: 1,
    accounts: [
      totals({ out: { sent: 1, moved: 4 }, dropped: { age: 2 }, lost: 2, lostSince: 8 }),
      totals({ account: 'b' }),
    ],
  }
  expect(mergeReports([one, two])).toEqual({
    module: 'transfer',
    at: 9,
    since: 1,
    accounts: [
      totals({
        received: 20,
        heldBefore: 2,
        out: { sent: 6, moved: 4 },
        returned: { back: 4 },
        returnedByStop: 2,
        dropped: { age: 2 },
        held: { queued: 6 },
        lost: 2,
        lostSince: 8,
      }),
      totals({ account: 'b' }),
    ],
  })
  expect(mergeReports([one])).toBe(one)
  expect(() => mergeReports([])).toThrow('there is none')
})
