import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startFleet } from '../drivers/fleet.ts'
import { until } from '../drivers/process.ts'
import type { ModuleProcess } from '../drivers/process.ts'
import { counterOf, drained, outcomeOf } from './fault.ts'
import type { FaultRun, Outcome } from './fault.ts'
import { prepareRules, startJudgedStream } from './judged.ts'
import { settled, startPushedAgent } from './kills.ts'
import { pushEntrance, rpcEntrance, startLoad } from './load.ts'
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

/** The spool of an agent fills the disk while transfer is away: scripts that push are told, and repeat. */
export async function fillAgent({ progress }: FaultRun): Promise<Outcome> {
  return onSmallDisk(2, async (disk) => {
    const fleet = await startFleet({ judge: false })
    let agent: ModuleProcess | undefined
    try {
      agent = await startPushedAgent(fleet, join(disk, 'agent'))
      const { httpPort } = agent
      const load = startLoad({ entrance: () => pushEntrance(httpPort), pauseMs: 0, seriesPerLane: 200 })
      await sleep(1000)
      await fleet.transfer.kill()
      await until(
        'the agent to refuse',
        () => load.repeats,
        (count) => count > 20,
        120_000,
      )
      progress('the disk of the agent is full')
      await agent.kill()
      await agent.restart()
      await sleep(2000)
      await fleet.transfer.restart()
      await sleep(2000)
      await load.stop()
      const found = await settled(fleet, load.endpoints)
      return outcomeOf('full disk: agent', 1, found, `${load.repeats} pushes repeated`)
    } finally {
      await agent?.kill()
      await fleet.remove()
    }
  })
}

/** The disk of judge's journal is full for a while: its samples wait in transfer, and every event is told, once. */
export async function fillJournal({ progress }: FaultRun): Promise<Outcome> {
  return onSmallDisk(8, async (disk) => {
    const fleet = await startFleet({ minStep: 1, judgeDir: join(disk, 'judge') })
    try {
      const { judge } = fleet
      if (!judge) throw new Error('Cannot fill the disk of judge: it does not run')
      const dsn = `sqlite:${join(fleet.folder, 'falcon.db')}`
      await prepareRules(fleet, dsn)
      const judged = startJudgedStream(fleet, dsn)
      await sleep(10_000)
      const filler = fillUp(disk)
      await until(
        'judge to refuse',
        () => counterOf(judge, 'batches.rejected'),
        (count) => count > 0,
        60_000,
      )
      progress('the disk of the journal is full')
      await sleep(5000)
      await judge.kill()
      const started = await judge.restart().then(
        () => true,
        () => false,
      )
      progress(started ? 'killed and started on the full disk' : 'does not start on the full disk')
      await sleep(5000)
      rmSync(filler)
      if (!started) await judge.restart()
      await sleep(5000)
      await judged.stop()
      await drained(fleet.transfer)
      const { due, complaints } = await judged.compare()
      const note = `events; ${started ? 'started on the full disk, too' : 'did not start while the disk was full'}`
      const [acknowledged, missing] = [due, complaints.length]
      return {
        fault: 'full disk: journal',
        times: 1,
        acknowledged,
        stored: due - missing,
        missing,
        wrong: 0,
        note,
        complaints,
      }
    } finally {
      await fleet.remove()
    }
  })
}

/** Takes all room that is left, and answers what to remove to give it back. */
function fillUp(disk: string): string {
  const path = join(disk, 'filler')
  for (let size = 2 ** 20; size >= 1;) {
    try {
      appendFileSync(path, Buffer.alloc(size))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      size = Math.floor(size / 16)
    }
  }
  return path
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
