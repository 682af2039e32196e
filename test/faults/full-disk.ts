import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startFleet } from '../drivers/fleet.ts'
import { until } from '../drivers/process.ts'
import { counterOf, drained, outcomeOf } from './fault.ts'
import type { FaultRun, Outcome } from './fault.ts'
import { rpcEntrance, startLoad } from './load.ts'
import { compareStored } from './stored.ts'

/**
 * A small file system that really is full; only root can mount one. The graph's store fills it, is killed and started
 * while it is full, and gets room again: what it sent back was kept by transfer.
 */
export async function fillStore({ progress }: FaultRun): Promise<Outcome> {
  return onSmallDisk(4, async (disk, grow) => {
    const graph = { storage: { dir: join(disk, 'graph'), maintainMs: 200 } }
    const fleet = await startFleet({ judge: false, graph })
    try {
      const load = startLoad({ entrance: () => rpcEntrance(fleet.ports.transferRpc), pauseMs: 0, seriesPerLane: 200 })
      await until(
        'the store to refuse',
        () => counterOf(fleet.graph, 'ReturnedCnt'),
        (count) => count > 0,
        120_000,
      )
      progress('the disk of the store is full')
      await sleep(2000)
      await fleet.graph.kill()
      // A start must not need room that is not there; when it does, it says so and the next one succeeds.
      const started = await fleet.graph.restart().then(
        () => true,
        () => false,
      )
      progress(started ? 'killed and started on the full disk' : 'does not start on the full disk')
      await sleep(2000)
      grow(400)
      if (!started) await fleet.graph.restart()
      await sleep(2000)
      await load.stop()
      await drained(fleet.transfer)
      const note = started ? 'started on the full disk, too' : 'did not start while the disk was full'
      return outcomeOf('full disk: store', 1, await compareStored(fleet.ports.query, load.endpoints), note)
    } finally {
      await fleet.remove()
    }
  })
}

/** The spool of transfer fills the disk while the graph is away: callers are told, and repeat. */
export async function fillSpool({ progress }: FaultRun): Promise<Outcome> {
  return onSmallDisk(2, async (disk) => {
    const fleet = await startFleet({ judge: false, transfer: { spool: { dir: join(disk, 'spool') } } })
    try {
      const load = startLoad({ entrance: () => rpcEntrance(fleet.ports.transferRpc), pauseMs: 0, seriesPerLane: 200 })
      await sleep(1000)
      await fleet.graph.kill()
      await until(
        'transfer to refuse',
        () => counterOf(fleet.transfer, 'ReturnedCnt'),
        (count) => count > 0,
        120_000,
      )
      progress('the disk of the spool is full')
      await fleet.transfer.kill()
      await fleet.transfer.restart()
      await sleep(2000)
      await fleet.graph.restart()
      await sleep(2000)
      await load.stop()
      await drained(fleet.transfer)
      const note = `${load.repeats} calls repeated`
      return outcomeOf('full disk: spool', 1, await compareStored(fleet.ports.query, load.endpoints), note)
    } finally {
      await fleet.remove()
    }
  })
}

async function onSmallDisk(
  megabytes: number,
  work: (disk: string, grow: (megabytes: number) => void) => Promise<Outcome>,
): Promise<Outcome> {
  const disk = mkdtempSync(join(tmpdir(), 'falcon-small-'))
  const mount = (...options: string[]) => execFileSync('mount', ['-t', 'tmpfs', ...options, 'tmpfs', disk])
  mount('-o', `size=${megabytes}m`)
  try {
    return await work(disk, (larger) => mount('-o', `remount,size=${larger}m`))
  } finally {
    execFileSync('umount', ['-l', disk])
    rmSync(disk, { recursive: true })
  }
}
