import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../drivers/process.ts'
import type { ModuleProcess } from '../drivers/process.ts'
import { drained, outcomeOf } from './fault.ts'
import type { FaultRun, Outcome } from './fault.ts'
import { rpcEntrance, startLoad } from './load.ts'
import { archiveRows, startReplicas } from './replicas.ts'

/** Bytes a second are few, so that there is time to strike. */
const copyMegabytes = 1

/** A wiped copy is killed again and again while it copies its history from its sibling under load; then that is killed, too. */
export async function killWhileCopying({ times, random, progress }: FaultRun): Promise<Outcome> {
  const replicas = await startReplicas({ copyMegabytes })
  const { fleet, replica } = replicas
  try {
    const load = startLoad({ entrance: () => rpcEntrance(fleet.ports.transferRpc) })
    await sleep(20_000)
    const rows = await archiveRows(replicas.otherLink, load.endpoints)
    await replicas.wipe()
    let struck = 0
    for (let time = 1; time <= times; time++) {
      // It is killed before it is healthy, which is what its driver waits for.
      replica.restart().catch(() => undefined)
      const said = await until('the copy to begin', () => saysOf(replica), isCopyingOrDone)
      if (said === 'ok') break
      await sleep(random.between(0, 400))
      // Now and then it is the sibling that dies in the middle.
      if (time % 4 === 0) {
        await fleet.graph.kill()
        await fleet.graph.restart()
      }
      const last = await saysOf(replica)
      if (last.startsWith('copying')) struck++
      await replica.kill()
      progress(`killed ${time} of ${times} times, at ${last || 'nothing said'}`)
    }
    await replica.kill()
    await replica.restart()
    await load.stop()
    await drained(fleet.transfer)
    const { found, lost } = await replicas.compareAlone(load.endpoints, rows)
    const note = `the copy alone, with ${rows.size} rows of archives, its sibling dead`
    const outcome = outcomeOf('killed while copying', struck, found, note)
    const idle = struck === 0 ? ['it was never killed while it copied'] : []
    return { ...outcome, complaints: [...outcome.complaints, ...lost, ...idle] }
  } finally {
    await replicas.remove()
  }
}

/** What its health says; empty while nobody answers. */
async function saysOf(module: ModuleProcess): Promise<string> {
  try {
    return String(await module.get('/health'))
  } catch {
    return '' // Not listening.
  }
}

const isCopyingOrDone = (said: string) => said === 'ok' || /^copying .*: [1-9]\d* %/.test(said)
