import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { startFleet } from '../drivers/fleet.ts'
import type { ModuleProcess } from '../drivers/process.ts'
import { drained, outcomeOf } from './fault.ts'
import type { FaultRun, Outcome } from './fault.ts'
import { rpcEntrance, startLoad } from './load.ts'
import { compareStored } from './stored.ts'

/** SIGKILL of transfer's workers, now and then of its first process, and graph comes and goes so that their spools are in use. */
export async function killWorkers({ random, times, progress }: FaultRun): Promise<Outcome> {
  const fleet = await startFleet({ minStep: 1, judge: false, transfer: { workers: 3 } })
  const { transfer, graph } = fleet
  try {
    const load = startLoad({ entrance: () => rpcEntrance(fleet.ports.transferRpc), lanes: 6 })
    for (let time = 1; time <= times; time++) {
      await sleep(random.between(0, 1500))
      const workers = childrenOf(transfer)
      const victim = workers[Math.floor(random.next() * workers.length)]
      const choice = random.next()
      if (choice < 0.2) await killAndRestart(transfer)
      else if (choice < 0.35) await killAndRestart(graph)
      else if (victim !== undefined) kill(victim)
      if (time % 10 === 0 || time === times) progress(`struck ${time} of ${times} times`)
    }
    await load.stop()
    await drained(transfer)
    const comparison = await compareStored(fleet.ports.query, load.endpoints)
    return outcomeOf('SIGKILL workers of transfer', times, comparison, `${load.repeats} calls repeated`)
  } finally {
    await fleet.remove()
  }
}

async function killAndRestart(module: ModuleProcess): Promise<void> {
  await module.kill()
  await module.restart()
}

function childrenOf({ pid }: ModuleProcess): number[] {
  const pids = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return pids === '' ? [] : pids.split(' ').map(Number)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    // It ended since, with its first process.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
