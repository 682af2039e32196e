import { expect, test } from 'vitest'
import type { FaultRun, Outcome } from '../faults/fault.ts'
import { faults } from '../faults/faults.ts'
import { createRandom } from '../faults/random.ts'

/** The short version: every fault that needs no root, a few times. The seed makes a failure repeatable. */
const seed = Date.now() % 1_000_000

/** How often each strikes here; `npm run faults` does the rest. */
const short: Record<string, Partial<FaultRun>> = {
  'graph-query': { times: 4 },
  transfer: { times: 3 },
  workers: { times: 4 },
  judge: { times: 3 },
  hbs: { times: 2 },
  agent: { times: 2 },
  damage: { times: 6 },
  backup: { times: 10 },
  growth: { times: 10 },
  resync: { times: 30 },
}

test.each(Object.entries(short))(
  '%s: what was acknowledged is what is stored',
  async (name, options) => {
    const progress = () => undefined
    const strike = faults[name]
    if (!strike) throw new Error(`there is no fault ${name}`)
    const run: FaultRun = { random: createRandom(seed), times: 1, awaySeconds: 1, progress, ...options }
    const outcomes: Outcome[] = [await strike(run)].flat()
    for (const { acknowledged, stored, complaints } of outcomes) {
      expect(complaints, `seed ${seed}`).toEqual([])
      expect(acknowledged).toBeGreaterThan(0)
      expect(stored).toBeGreaterThanOrEqual(acknowledged)
    }
  },
  300_000,
)
