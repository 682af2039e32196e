import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ReceivedItem } from '#protocol'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import { openSpool } from '#lib/spool'
import { createSampleQueue } from './queue.ts'

const log = createLogger('agent', { destination: { write: () => undefined } })
let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'queue-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const item: ReceivedItem = {
  endpoint: 'h1',
  metric: 'm',
  value: 1,
  step: 60,
  counterType: 'GAUGE',
  tags: '',
  timestamp: 1000,
}

test('samples go to disk when they are old enough, also when the clock was set back since', async () => {
  let nowMs = 1_700_000_000_000
  const now = () => nowMs
  const spool = openSpool({ dir, maxBytes: 2 ** 20, maxAgeSeconds: 86_400, log, onDrop: () => undefined, now })
  const queue = createSampleQueue({ spool, counters: createCounters(), log, now })
  const first = queue.add([item])
  nowMs += 4000
  queue.spill(5000)
  expect(queue.stats()).toMatchObject({ memoryItems: 1, spoolItems: 0 })
  nowMs += 1000
  queue.spill(5000)
  expect(queue.stats()).toMatchObject({ memoryItems: 0, spoolItems: 1 })
  expect(await first).toBe(true)
  const second = queue.add([item])
  nowMs -= 3_600_000
  queue.spill(5000)
  expect(queue.stats()).toMatchObject({ memoryItems: 0, spoolItems: 2 })
  expect(await second).toBe(true)
  queue.close()
})
