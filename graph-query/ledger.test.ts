import { expect, test } from 'vitest'
import { createCounters } from '#lib/counters'
import { imbalance, readAccounts } from '#lib/ledger'
import { graphAccounts } from './accounts.ts'
import { quiet } from './graph-query.contract.ts'
import { createIntake } from './intake.ts'
import type { Store } from './store/types.ts'

test('samples balance at every moment, while batches overlap, the disk refuses some and memory is full now and then', async () => {
  const counters = createCounters()
  const look = () => {
    const [account] = readAccounts(graphAccounts, counters)
    if (!account) throw new Error('there is no account')
    expect(imbalance(account)).toBe(0)
    return account
  }
  let commits = 0
  const store: Pick<Store, 'define' | 'append' | 'commit' | 'overloaded'> = {
    define: () => 0,
    append: (_slot, timestamp) => (timestamp % 7 === 0 ? 'old' : undefined),
    async commit() {
      const turn = ++commits
      look()
      for (let i = 0; i < turn % 5; i++) await new Promise((resolve) => setImmediate(resolve))
      look()
      if (turn % 3 === 0) throw new Error('the disk is full')
    },
    overloaded: () => (commits % 11 === 10 && ++commits ? 'memory is full' : undefined),
  }
  const { handler } = createIntake(store as Store, counters, quiet)
  const batch = (count: number) => ({
    count,
    slots: Array.from({ length: count }, (_, i) => (i % 13 === 0 ? -2 : 0)),
    timestamps: Float64Array.from({ length: count }, (_, i) => i + 1),
    values: new Float64Array(count),
  })
  await Promise.allSettled(
    Array.from({ length: 60 }, async (_, i) => {
      const taken = handler.take(batch(1 + (i % 30)))
      look()
      await Promise.resolve(taken).finally(look)
    }),
  )
  const account = look()
  expect(account.held).toEqual({})
  expect(account.in).toEqual({ GraphRpcRecvCnt: (2 * (30 * 31)) / 2 })
  for (const amounts of [account.out, account.returned]) expect(Object.keys(amounts)).toHaveLength(1)
  expect(Object.keys(account.refused)).toEqual(['Refused.name', 'Refused.old'])
})
