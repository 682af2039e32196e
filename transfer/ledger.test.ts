import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { LedgerReport } from '#lib/ledger'
import { createFalconClient } from '../test/drivers/falcon-client.ts'
import { startPeer, startTransferStand } from '../test/drivers/transfer-stand.ts'

const sum = (amounts: Readonly<Record<string, number>>) => Object.values(amounts).reduce((all, one) => all + one, 0)

/** The same numbers in every run. */
function pseudoRandom(seed: number): () => number {
  let state = seed
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31
}

test('every account balances at every look, while peers refuse, fail, hang and go away and items are bad; and over a restart', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'transfer-ledger-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const random = pseudoRandom(7)
  const moody = (count: number) => {
    const mood = random()
    if (mood < 0.3) throw new Error('not now')
    if (mood < 0.5) return { taken: count - 1, refused: 1 }
    return { taken: count, refused: 0 }
  }
  const judge = await startPeer({ take: moody })
  const graph = await startPeer({ take: moody })
  const clusters = {
    judge: { 'judge-00': `127.0.0.1:${judge.port}` },
    graph: { 'graph-00': `127.0.0.1:${graph.port}` },
  }
  const options = { clusters, dir, members: { judge: { spoolMaxAgeSeconds: 1 } } }
  let stand = await startTransferStand(options)
  let client = createFalconClient(stand.ports.rpc)
  onTestFinished(async () => {
    client.close()
    await stand.stop()
    await graph.close()
  })

  const look = async () => {
    const response = await fetch(`http://127.0.0.1:${stand.ports.http}/ledger?since=0`)
    const report = (await response.json()) as LedgerReport
    for (const { account, unexplained, heldBefore, received, returnedByStop, ...rest } of report.accounts) {
      const gone = [rest.out, rest.refused, rest.returned, rest.dropped, rest.held].reduce((n, one) => n + sum(one), 0)
      expect([account, unexplained, heldBefore + received]).toEqual([account, 0, gone + returnedByStop])
    }
    return new Map(report.accounts.map((account) => [account.account.split(' ').slice(0, 3).join(' '), account]))
  }
  let sent = 0
  const traffic = async (calls: number) => {
    for (let call = 0; call < calls; call++) {
      const items = Array.from({ length: 20 }, (_, i) => ({
        endpoint: `h${call % 3}`,
        metric: `m${i}`,
        value: random() < 0.1 ? 'bad' : i,
        step: 60,
        counterType: 'GAUGE',
        tags: '',
        timestamp: 1_790_000_040 + 60 * call,
      }))
      sent += items.length
      await Promise.all([client.call('Transfer.Update', items, 20_000), look()])
    }
  }
  await traffic(40)
  await judge.close()
  await traffic(10)
  await vi.waitFor(async () =>
    expect((await look()).get('transfer -> judge')?.held).toHaveProperty([
      `judge.judge-00.127.0.0.1:${judge.port}.spool.items`,
    ]),
  )
  client.close()
  await stand.stop()

  stand = await startTransferStand(options)
  client = createFalconClient(stand.ports.rpc)
  // What the judge's spool holds is too old by now, so the next append drops it.
  await vi.waitFor(
    async () => {
      await traffic(1)
      expect((await look()).get('transfer -> judge')?.lost).toBeGreaterThan(0)
    },
    { timeout: 10_000 },
  )
  const accounts = await look()
  expect(accounts.get('agents -> transfer')).toMatchObject({ received: sent, lost: 0 })
  expect(accounts.get('agents -> transfer')?.refused['Rejected.not_a_value']).toBeGreaterThan(50)
  expect(accounts.get('transfer -> graph')?.lost).toBe(0)
  expect(sum(accounts.get('transfer -> graph')?.refused ?? {})).toBeGreaterThan(0)
}, 60_000)
