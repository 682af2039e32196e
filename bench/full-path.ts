import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openDatabase, runStatement } from '#lib/sql'
import { formatTable } from '#lib/table'
import { startFleet } from '../test/drivers/fleet.ts'
import type { Fleet } from '../test/drivers/fleet.ts'
import { until } from '../test/drivers/process.ts'
import type { ModuleProcess } from '../test/drivers/process.ts'
import type { Reached } from './goals.ts'

const connections = 50
const samplesPerCall = 200
const measureMs = 8000
const microsPerTick = 10_000

/** Open-Falcon's Go modules on two cores shared with the load generator, measured beforehand in the same manner. */
const goModules = {
  acknowledged: 142_000,
  stored: 82_000,
  droppedShare: 0.42,
  micros: { transfer: 7, judge: 3, graph: 10 },
}

/** Processes of transfer that take samples, side by side in one table. */
const workerCounts = [1, 2]
const moduleNames = ['transfer', 'judge', 'graph'] as const

interface Measured {
  readonly acknowledgedPerSecond: number
  readonly storedPerSecond: number
  readonly dropped: number
  readonly p50: number
  readonly p99: number
  /** CPU of a sample. */
  readonly micros: Record<(typeof moduleNames)[number], number>
}

/**
 * The whole way of a sample on one machine: real processes of transfer, judge and graph-query, `Transfer.Update` calls
 * answered when judge has journalled and the store has logged every sample. A third of the samples meet a rule.
 */
export async function run(): Promise<Reached> {
  const ours: Measured[] = []
  for (const workers of workerCounts) ours.push(await measure(workers))
  const [first] = ours
  if (!first) throw new Error('Cannot compare: nothing was measured')
  const sum = (of: Measured['micros']) => of.transfer + of.judge + of.graph
  const ratio = (a: number, b: number) => `${(a / b).toFixed(1)} x`
  const perSecond = (n: number) => `${Math.round(n / 1000)} k/s`
  const micros = (n: number) => `${n.toFixed(2)} µs`
  const row = (what: string, shown: (one: Measured) => string, theirs = '', compared = '') => [
    what,
    ...ours.map(shown),
    theirs,
    compared,
  ]
  console.log(
    `full path, ${samplesPerCall} samples a call, ${connections} connections, transfer + judge + graph on this machine:`,
  )
  console.log(
    formatTable(
      [
        'what',
        ...workerCounts.map((count) => `${count} worker${count === 1 ? '' : 's'}`),
        'Open-Falcon (Go)',
        'ratio of the first',
      ],
      [
        row(
          'acknowledged',
          (one) => perSecond(one.acknowledgedPerSecond),
          perSecond(goModules.acknowledged),
          ratio(first.acknowledgedPerSecond, goModules.acknowledged),
        ),
        row(
          'stored',
          (one) => perSecond(one.storedPerSecond),
          perSecond(goModules.stored),
          ratio(first.storedPerSecond, goModules.stored),
        ),
        row('dropped', (one) => String(one.dropped), `${goModules.droppedShare * 100} %`),
        ...moduleNames.map((name) =>
          row(
            `CPU a sample, ${name}`,
            (one) => micros(one.micros[name]),
            `${goModules.micros[name]} µs`,
            ratio(goModules.micros[name], first.micros[name]),
          ),
        ),
        row(
          'CPU a sample, all',
          (one) => micros(sum(one.micros)),
          `${sum(goModules.micros)} µs`,
          ratio(sum(goModules.micros), sum(first.micros)),
        ),
        row('call latency, median', (one) => `${one.p50.toFixed(0)} ms`),
        row('call latency, 99 of 100', (one) => `${one.p99.toFixed(0)} ms`),
      ],
    ),
  )
  return {
    fullPathStored: first.storedPerSecond / 1000,
    fullPathDropped: first.dropped,
    fullPathMicros: sum(first.micros),
  }
}

async function measure(workers: number): Promise<Measured> {
  const fleet = await startFleet({ transfer: { workers } })
  const { judge } = fleet
  if (!judge) throw new Error('Cannot measure the full path without judge')
  const modules = { transfer: fleet.transfer, judge, graph: fleet.graph }
  try {
    await addRule(fleet)
    const load = fork(
      new URL('transfer-intake/load.ts', import.meta.url),
      [String(fleet.ports.transferRpc), String(connections), String(samplesPerCall), 'advancing'],
      { execArgv: ['--conditions=source', '--import', 'tsx'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
    )
    await once(load, 'message')
    // Until every series has been met twice: what is measured is the steady state.
    while (((await ask(load, 'rounds'))['rounds'] ?? 0) < 2) await sleep(100)
    const storedBefore = await stored(fleet)
    const cpuBefore = cpuMicros(modules)
    await ask(load, 'begin')
    await sleep(measureMs)
    const { samples = 0, seconds = 1, p50 = 0, p99 = 0 } = await ask(load, 'end')
    const cpuAfter = cpuMicros(modules)
    const storedDuring = (await stored(fleet)) - storedBefore
    await ask(load, 'stop')
    load.kill()
    const perSample = (name: keyof typeof modules) => (cpuAfter[name] - cpuBefore[name]) / samples
    return {
      acknowledgedPerSecond: samples / seconds,
      storedPerSecond: storedDuring / seconds,
      dropped: await lost(fleet.transfer),
      p50,
      p99,
      micros: { transfer: perSample('transfer'), judge: perSample('judge'), graph: perSample('graph') },
    }
  } finally {
    await fleet.remove()
  }
}

/** An expression that a third of the load's samples match. */
async function addRule(fleet: Fleet): Promise<void> {
  const database = openDatabase(`sqlite:${join(fleet.folder, 'falcon.db')}`)
  try {
    await runStatement(
      database,
      `insert into expression (expression, func, op, right_value, max_step, priority, note, action_id, create_user, pause)
       values ('each(metric=df.bytes.used.percent fstype=ext4)', 'avg(#3)', '>', '1e12', 3, 3, 'bench', 1, 'bench', 0)`,
    )
  } finally {
    await database.close()
  }
  await until(
    'judge to have the rule',
    () => fleet.judge?.get('/expression/df.bytes.used.percent/fstype=ext4'),
    (answer) => JSON.stringify(answer).includes('avg(#3)'),
  )
}

async function stored(fleet: Fleet): Promise<number> {
  const rows = (await fleet.graph.get('/counter/all')) as { Name: string; Cnt: number }[]
  return rows.find((row) => row.Name === 'StoredCnt')?.Cnt ?? 0
}

/** Samples that transfer counts as dropped for any destination, with what it still holds after the run. */
async function lost(transfer: ModuleProcess): Promise<number> {
  const { data } = (await transfer.get('/counter/all')) as { data: { Name: string; Cnt: number }[] }
  return data.filter((row) => /^SendTo(Judge|Graph)DropCnt$/.test(row.Name)).reduce((sum, row) => sum + row.Cnt, 0)
}

function cpuMicros<Name extends string>(modules: Record<Name, ModuleProcess>): Record<Name, number> {
  const entries = Object.entries<ModuleProcess>(modules).map(([name, { pid }]) => {
    const workers = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean)
    return [name, [String(pid), ...workers].reduce((sum, one) => sum + cpuMicrosOf(one), 0)]
  })
  return Object.fromEntries(entries) as Record<Name, number>
}

function cpuMicrosOf(pid: string): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * microsPerTick
}

async function ask(child: ChildProcess, question: string): Promise<Record<string, number>> {
  child.send(question)
  const [answer] = (await once(child, 'message')) as [Record<string, number>]
  return answer
}
