import { backUpAndRestore } from './backups.ts'
import { damageStore } from './damage.ts'
import type { FaultRun, Outcome } from './fault.ts'
import { killAgent, killModule } from './kills.ts'
import { fillAgent, fillJournal, fillSpool, fillStore } from './full-disk.ts'
import { growAndShrink } from './growth.ts'
import { graphAway, replicaAwayAndWiped } from './replicas.ts'
import { killWorkers } from './workers.ts'
import { killWhileCopying } from './resync.ts'

/** Every fault by the name under which `npm run faults` knows it. */
export const faults: Record<string, (run: FaultRun) => Promise<Outcome | Outcome[]>> = {
  'graph-query': (run) => killModule('graph-query', run),
  transfer: (run) => killModule('transfer', run),
  workers: killWorkers,
  judge: (run) => killModule('judge', run),
  hbs: (run) => killModule('hbs', run),
  agent: killAgent,
  damage: damageStore,
  backup: (run) => backUpAndRestore({ ...run, times: Math.ceil(run.times / 10) }),
  'full-store': fillStore,
  'full-spool': fillSpool,
  'full-journal': fillJournal,
  'full-agent': fillAgent,
  away: graphAway,
  growth: (run) => growAndShrink({ ...run, times: Math.ceil(run.times / 10) }),
  replicas: replicaAwayAndWiped,
  resync: (run) => killWhileCopying({ ...run, times: Math.ceil(run.times / 10) }),
}
