import type { FaultRun, Outcome } from './fault.ts'
import { killAgent, killModule } from './kills.ts'

/** Every fault by the name under which `npm run faults` knows it. */
export const faults: Record<string, (run: FaultRun) => Promise<Outcome | Outcome[]>> = {
  'graph-query': (run) => killModule('graph-query', run),
  transfer: (run) => killModule('transfer', run),
  judge: (run) => killModule('judge', run),
  agent: killAgent,
}
