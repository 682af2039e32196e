import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startFleet } from '../drivers/fleet.ts'
import { freePorts, startModule } from '../drivers/process.ts'
import { drained, outcomeOf } from './fault.ts'
import type { FaultRun, Outcome } from './fault.ts'
import { rpcEntrance, startLoad } from './load.ts'
import { compareStored } from './stored.ts'

/** The only graph is away for a while under load. */
export async function graphAway({ awaySeconds, progress }: FaultRun): Promise<Outcome> {
  const fleet = await startFleet({ judge: false })
  try {
    const load = startLoad({ entrance: () => rpcEntrance(fleet.ports.transferRpc) })
    await sleep(2000)
    await fleet.graph.kill()
    progress(`graph-query is away for ${awaySeconds} s`)
    await sleep(awaySeconds * 1000)
    await fleet.graph.restart()
    await sleep(2000)
    await load.stop()
    await drained(fleet.transfer)
    return outcomeOf(
      `graph away for ${awaySeconds} s`,
      1,
      await compareStored(fleet.ports.query, load.endpoints),
      `${load.repeats} calls repeated`,
    )
  } finally {
    await fleet.remove()
  }
}

/** Of two replicas one is away for a while, then comes back; later it is away again, and comes back with an empty disk. */
export async function replicaAwayAndWiped({ awaySeconds, progress }: FaultRun): Promise<Outcome[]> {
  const folder = mkdtempSync(join(tmpdir(), 'falcon-replica-'))
  const [link = 0, http = 0, query = 0] = await freePorts(3)
  const at = (port: number) => ({ enabled: true, listen: `127.0.0.1:${port}` })
  const storage = { dir: join(folder, 'graph'), maintainMs: 200 }
  const replica = await startModule({
    name: 'graph-query',
    folder,
    httpPort: http,
    config: { rpc: at(link), http: at(http), query: at(query), storage },
  })
  try {
    const fleet = await startFleet({
      judge: false,
      graph: { storage: { maintainMs: 200 } },
      graphReplicas: [`127.0.0.1:${link}`],
    })
    try {
      const load = startLoad({ entrance: () => rpcEntrance(fleet.ports.transferRpc) })
      await sleep(2000)
      await replica.kill()
      progress(`one of two replicas is away for ${awaySeconds} s`)
      await sleep(awaySeconds * 1000)
      const during = await compareStored(fleet.ports.query, load.endpoints)
      await replica.restart()
      await sleep(2000)
      await load.stop()
      await drained(fleet.transfer)
      const caughtUp = await compareStored(query, load.endpoints)

      await replica.kill()
      rmSync(storage.dir, { recursive: true })
      const again = startLoad({ entrance: () => rpcEntrance(fleet.ports.transferRpc), name: 'later' })
      await sleep(2000)
      await replica.restart()
      progress('the replica is back with an empty disk')
      await sleep(2000)
      await again.stop()
      await drained(fleet.transfer)
      const everything = [...load.endpoints, ...again.endpoints]
      const lost = await compareStored(query, load.endpoints)
      return [
        // While it runs, what is acknowledged may still be on its way: only what is answered can be judged.
        {
          ...outcomeOf('replica away: the other', 1, during, 'asked under load'),
          missing: 0,
          complaints: during.wrong,
        },
        outcomeOf('replica back: itself', 1, caughtUp, 'it has what it missed'),
        outcomeOf(
          'replica wiped: the other',
          1,
          await compareStored(fleet.ports.query, everything),
          `the wiped one has ${lost.stored} of ${lost.acknowledged} older samples`,
        ),
        outcomeOf('replica wiped: itself', 1, await compareStored(query, again.endpoints), 'what was sent since'),
      ]
    } finally {
      await fleet.remove()
    }
  } finally {
    await replica.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}
