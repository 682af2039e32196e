import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { imbalance, readAccounts } from '#lib/ledger'
import { judgeAccounts } from './accounts.ts'
import { openFixture, strategy } from './engine/fixture-judge.ts'

test('samples and events balance after every batch, whatever becomes of the samples, and over a restart', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'judge-ledger-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const open = async () => {
    const judge = await openFixture(dir, { staleAfterSeconds: 300 }, 5)
    judge.counters.gauge('events.waiting', () => judge.state.outbox.waiting)
    return judge
  }
  let judge = await open()
  const look = () => {
    const accounts = readAccounts(judgeAccounts, judge.counters)
    for (const account of accounts) expect([account.name, imbalance(account)]).toEqual([account.name, 0])
    return accounts
  }
  await judge.use({ h1: [strategy({ id: 1, maxStep: 100 })] })
  const now = judge.clock
  await judge.push({ endpoint: 'h1' }, [now - 120, 99], [now - 60, 99], [now - 60, 99], [now, 1])
  look()
  await judge.push({ endpoint: 'h1', metric: 'other' }, [now, 1])
  await judge.push({ endpoint: '' }, [now, 1], [now + 1, 1])
  look()
  await judge.push({ endpoint: 'h1', tags: 'a=b' }, [now - 86_400, 99])
  expect(look()).toMatchObject([
    { in: { received: 8 }, out: { judged: 3, stale: 1, unmatched: 1, late: 1 }, refused: { refused: 2 } },
    { in: { 'events.made': 3 }, held: { 'events.waiting': 3 } },
  ])
  // Too many events wait: the batch is refused as a whole and is in no count of the samples.
  await judge.push({ endpoint: 'h1' }, [now + 60, 99], [now + 120, 1])
  await expect(async () => judge.push({ endpoint: 'h1' }, [now + 180, 99])).rejects.toThrow('events wait')
  look()
  judge.state.journal.close()

  judge = await open()
  onTestFinished(() => judge.state.journal.close())
  expect(look()[1]).toMatchObject({ inherited: 5, held: { 'events.waiting': 5 } })
})
