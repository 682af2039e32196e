import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startFleet } from '../drivers/fleet.ts'
import type { Fleet } from '../drivers/fleet.ts'
import { freePorts, startModule } from '../drivers/process.ts'
import type { ModuleProcess } from '../drivers/process.ts'
import { drained, outcomeOf } from './fault.ts'
import type { FaultRun, Outcome } from './fault.ts'
import { prepareRules, startJudgedStream } from './judged.ts'
import { pushEntrance, rpcEntrance, startLoad } from './load.ts'
import { compareStored } from './stored.ts'

type Victim = 'transfer' | 'judge' | 'graph-query' | 'hbs'

/** SIGKILL at random moments under load; afterwards every acknowledged sample is stored and every event was told once. */
export async function killModule(name: Victim, run: FaultRun): Promise<Outcome> {
  const fleet = await startFleet({ minStep: 1, graph: { storage: { maintainMs: 200 } } })
  try {
    const dsn = `sqlite:${join(fleet.folder, 'falcon.db')}`
    await prepareRules(fleet, dsn)
    const load = startLoad({ entrance: () => rpcEntrance(fleet.ports.transferRpc) })
    const judged = startJudgedStream(fleet, dsn)
    await sleep(2500)
    await strike(victimOf(fleet, name), run)
    await Promise.all([load.stop(), judged.stop()])
    await drained(fleet.transfer)
    const comparison = await compareStored(fleet.ports.query, load.endpoints)
    const events = await judged.compare()
    const outcome = outcomeOf(
      `SIGKILL ${name}`,
      run.times,
      comparison,
      `${load.repeats} calls repeated; ${events.due} events due, ${events.complaints.length} hosts with others`,
    )
    return { ...outcome, complaints: [...outcome.complaints, ...events.complaints] }
  } finally {
    await fleet.remove()
  }
}

/** SIGKILL of an agent that scripts push to. */
export async function killAgent(run: FaultRun): Promise<Outcome> {
  const fleet = await startFleet({ minStep: 1, judge: false })
  let agent: ModuleProcess | undefined
  try {
    agent = await startPushedAgent(fleet, join(fleet.folder, 'agent'))
    const { httpPort } = agent
    const load = startLoad({ entrance: () => pushEntrance(httpPort) })
    // Transfer comes and goes as well, so that the agent's spool is in use.
    const others = { ...run, times: Math.ceil(run.times / 4), progress: () => undefined }
    await Promise.all([strike(agent, run), strike(fleet.transfer, others)])
    await load.stop()
    const comparison = await settled(fleet, load.endpoints)
    return outcomeOf('SIGKILL agent', run.times, comparison, `${load.repeats} pushes repeated`)
  } finally {
    await agent?.kill()
    await fleet.remove()
  }
}

/** An agent that sends nothing of its own. It must be killed before the fleet is removed. */
export async function startPushedAgent({ folder, ports }: Fleet, dataDir: string): Promise<ModuleProcess> {
  const [http = 0] = await freePorts(1)
  return startModule({
    name: 'agent',
    folder,
    httpPort: http,
    config: {
      hostname: 'pushed-host',
      heartbeat: { enabled: false },
      transfer: { enabled: true, addrs: [`127.0.0.1:${ports.transferRpc}`], interval: 60, timeout: 1000 },
      http: { enabled: true, listen: `127.0.0.1:${http}`, backdoor: false },
      dataDir,
      spool: { dir: join(dataDir, 'spool') },
      plugin: { enabled: false, dir: join(folder, 'plugin'), git: '', logs: join(folder, 'logs') },
    },
  })
}

function victimOf(fleet: Fleet, name: Victim): ModuleProcess {
  const victim = { transfer: fleet.transfer, judge: fleet.judge, 'graph-query': fleet.graph, hbs: fleet.hbs }[name]
  if (!victim) throw new Error(`Cannot kill ${name}: it does not run`)
  return victim
}

/** Kills the process so many times: mostly soon after it is healthy, when it is still busy with what it found. */
async function strike(victim: ModuleProcess, { random, times, progress }: FaultRun): Promise<void> {
  for (let time = 1; time <= times; time++) {
    await sleep(random.next() < 0.7 ? random.between(0, 700) : random.between(700, 3000))
    await victim.kill()
    await sleep(random.between(0, 300))
    await victim.restart()
    if (time % 10 === 0 || time === times) progress(`${victim.name} killed ${time} of ${times} times`)
  }
}

/** The agent does not say when its spool is empty: compares until nothing is missing, or nothing changes any more. */
export async function settled(fleet: Fleet, sent: Parameters<typeof compareStored>[1]) {
  let before = -1
  for (;;) {
    await drained(fleet.transfer)
    const comparison = await compareStored(fleet.ports.query, sent)
    if (comparison.missing.length === 0 || comparison.missing.length === before) return comparison
    before = comparison.missing.length
    await sleep(5000)
  }
}
