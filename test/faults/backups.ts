import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { projectRoot } from '#lib/module'
import { startFleet } from '../drivers/fleet.ts'
import { drained, outcomeOf } from './fault.ts'
import type { FaultRun, Outcome } from './fault.ts'
import { rpcEntrance, startLoad } from './load.ts'
import type { SentEndpoint } from './load.ts'
import { compareStored } from './stored.ts'

const execute = promisify(execFile)

/**
 * Backups of a graph under load, one after another into the same folder; each time the store is lost, restored, verified
 * and asked. Everything stored before the backup began must be there, and nothing that was not sent.
 */
export async function backUpAndRestore({ times, progress }: FaultRun): Promise<Outcome> {
  const fleet = await startFleet({ judge: false, graph: { storage: { maintainMs: 100 } } })
  const config = ['--config', join(fleet.folder, 'graph-query.json')]
  const onStore = (...words: string[]) =>
    execute(process.execPath, [join('dist', 'graph-query', 'main.js'), ...words, ...config], { cwd: projectRoot })
  const target = join(fleet.folder, 'backup')
  const complaints: string[] = []
  /** What each backup must have, and what may be there besides. */
  const due: SentEndpoint[] = []
  let outcome: Outcome | undefined
  try {
    for (let time = 1; time <= times; time++) {
      const load = startLoad({ entrance: () => rpcEntrance(fleet.ports.transferRpc), name: `backup-${time}` })
      await sleep(1500)
      await drained(fleet.transfer)
      const before = load.endpoints.map((one) => one.acknowledged)
      const [backup] = await Promise.all([onStore('backup', target), onStore('verify')])
      await fleet.graph.kill()
      rmSync(join(fleet.folder, 'graph'), { recursive: true })
      await onStore('restore', target)
      await onStore('verify', '--deep')
      await fleet.graph.restart()
      await load.stop()
      await drained(fleet.transfer)
      // What came after the backup began may be there or not.
      due.push(...load.endpoints.map((one, i) => ({ ...one, acknowledged: before[i] ?? 0 })))
      const found = await compareStored(fleet.ports.query, due)
      const kept = /\d+ segments were there/.exec(backup.stdout)?.[0] ?? ''
      outcome = outcomeOf('backup and restore', times, found, `in the last backup ${kept} already`)
      complaints.push(...outcome.complaints)
      progress(`restored ${time} of ${times} times; ${found.missing.length} missing of ${found.acknowledged}`)
    }
    if (!outcome) throw new RangeError('Cannot back up 0 times')
    return { ...outcome, complaints }
  } finally {
    await fleet.remove()
  }
}
