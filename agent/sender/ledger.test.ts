import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { readMetricValues } from '#protocol'
import { createCounters } from '#lib/counters'
import { imbalance, readAccounts } from '#lib/ledger'
import { createLogger } from '#lib/log'
import { defineMethod, listenRpc } from '#lib/rpc'
import { agentAccounts } from '../accounts.ts'
import { agentConfig } from '../config.ts'
import { createIntake } from './intake.ts'
import { startSending } from './sending.ts'

const log = createLogger('agent', { destination: { write: () => undefined } })

test('samples balance at every look, while scripts push good and bad ones, transfer fails, the spool drops, and over a restart', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'agent-ledger-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  let calls = 0
  let away = false
  const server = await listenRpc({
    listen: '127.0.0.1:0',
    methods: [
      defineMethod({
        name: 'Transfer.Update',
        read: readMetricValues,
        handle(items: unknown[]) {
          if (away || ++calls % 3 === 0) throw new Error('not now')
          return { Message: 'ok', Total: items.length, Invalid: 1, Latency: 0 }
        },
      }),
    ],
    context: undefined,
    log,
    counters: createCounters(),
  })
  onTestFinished(() => server.close())
  const config = agentConfig.parse({ spool: { maxBytes: 2 ** 20 } })

  function begin() {
    const counters = createCounters()
    const sender = startSending({
      config,
      addresses: [`127.0.0.1:${server.port}`],
      spoolDir: join(dir, 'spool'),
      counters,
      log,
      now: Date.now,
      random: () => 0,
    })
    counters.gauge('Waiting', () => sender.state().memoryItems + sender.state().spoolItems)
    const intake = createIntake({
      fill: () => ({ endpoint: 'h', nowSeconds: 1_790_000_000, defaultTags: '' }),
      hold: (items) => sender.keep(items),
      counters,
    })
    const look = () => {
      const [account] = readAccounts(agentAccounts, counters)
      if (!account) throw new Error('there is no account')
      expect(imbalance(account)).toBe(0)
      return account
    }
    const push = (count: number) => {
      const items = Array.from({ length: count }, (_, i) => ({
        metric: `m${i}`,
        value: i % 10 === 9 ? 'bad' : i,
        step: 60,
        counterType: 'GAUGE',
        tags: `padding=${'x'.repeat(200)}`,
      }))
      intake.take(JSON.stringify(items), 'push', 'whole text')
    }
    return { sender, look, push }
  }

  const first = begin()
  for (let round = 0; round < 20; round++) {
    first.push(50)
    first.look()
    await setImmediate()
    first.look()
  }
  await vi.waitFor(() => expect(Object.keys(first.look().out)).toEqual(['delivered']), 10_000)
  away = true
  // More than the spool holds: its oldest are dropped.
  for (let round = 0; round < 4; round++) first.push(11_000)
  await vi.waitFor(() => expect(first.look().dropped).toHaveProperty(['dropped.size']), 10_000)
  await first.sender.stop()
  const { held } = first.look()
  expect(held['Waiting']).toBeGreaterThan(0)

  away = false
  const second = begin()
  expect(second.look().inherited).toBe(held['Waiting'])
  await vi.waitFor(() => expect(second.look().out['delivered']).toBeGreaterThan(100), 10_000)
  await second.sender.stop()
  second.look()
}, 40_000)
