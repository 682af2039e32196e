import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Logger } from '#lib/log'
import { checkFamilies } from '../checks/index.ts'
import { createCheckRunner } from '../checks/runner.ts'
import { wantedChecks } from '../checks/wanted.ts'
import type { LocalCheck } from '../checks/wanted.ts'
import type { CollectedSample } from '../collectors/collector.ts'
import { createRounds } from '../collectors/round.ts'
import type { RoundOptions } from '../collectors/round.ts'
import type { Host } from '../host/host.ts'
import { createNames } from '../host/names.ts'

/**
 * Runs the checks of the configuration once, without touching what the running agent remembers of them. `reasons` are
 * one line for each whose values are not what one hopes for.
 */
export async function runLocalChecks(
  checks: readonly LocalCheck[],
  { host, log, ...round }: { host: Host; log: Logger } & Pick<RoundOptions, 'counters'>,
): Promise<{ samples: CollectedSample[]; reasons: string[] }> {
  if (checks.length === 0) return { samples: [], reasons: [] }
  const dataDir = await mkdtemp(join(tmpdir(), 'agent-check-'))
  try {
    const wanted = wantedChecks(checks, [], log)
    const names = createNames()
    const runner = createCheckRunner({
      families: checkFamilies,
      current: () => wanted,
      context: () => ({ host, names, dataDir, hostname: 'this host' }),
      now: Date.now,
    })
    const samples = await createRounds(runner.collectors, { deadlineMs: 60_000, log, ...round }).collect()
    const reasons = runner.states().flatMap(({ metrics: [metric = ''], tags, last }) => {
      return last?.reason === undefined ? [] : [`${metric} ${tags}: ${last.reason}`]
    })
    return { samples, reasons }
  } finally {
    await rm(dataDir, { recursive: true })
  }
}
