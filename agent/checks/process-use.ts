import { performance } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
import type { Host, ProcessUse } from '../host/host.ts'
import { defineCheck } from './check.ts'
import type { CheckFamily, Outcome } from './check.ts'
import { findProcesses, readProcessPattern } from './process-pattern.ts'
import type { ProcessPattern } from './process-pattern.ts'

interface Process extends ProcessUse {
  /** Undefined where the agent may not know. */
  readonly files: number | undefined
}

interface Reading {
  readonly atMs: number
  readonly processes: ReadonlyMap<number, Process>
}

/** How many processes are read before others get their turn: some milliseconds' worth. */
const atOnce = 50

/**
 * `name=<name>` and/or `cmdline=<part>`: what the processes that match take together. Processor time is that of processes
 * that were there a round ago too, so the first round has none. `now` is in milliseconds, on a clock that never jumps.
 */
export function createProcessUse(now: () => number = () => performance.now()): CheckFamily {
  let previous: Reading | undefined
  return defineCheck<ProcessPattern>({
    name: 'proc.use',
    metrics: ['proc.cpu', 'proc.mem', 'proc.fd', 'proc.threads'],
    read: readProcessPattern,
    async run(patterns, { host }) {
      const found = await findProcesses(host, patterns)
      const current = { atMs: now(), processes: await readProcesses(host, new Set(found.flat())) }
      const outcomes = found.map((pids) => outcomeOf(pids, current, previous))
      previous = current
      return outcomes
    },
  })
}

async function readProcesses(host: Host, pids: ReadonlySet<number>): Promise<Map<number, Process>> {
  const processes = new Map<number, Process>()
  for (const [i, pid] of [...pids].entries()) {
    if (i % atOnce === atOnce - 1) await setImmediate()
    const use = await host.processUse(pid)
    if (use) processes.set(pid, { ...use, files: await host.openFiles(pid) })
  }
  return processes
}

function outcomeOf(pids: readonly number[], current: Reading, previous: Reading | undefined): Outcome {
  const processes = pids.flatMap((pid) => current.processes.get(pid) ?? [])
  const sum = (of: (process: Process) => number) => processes.reduce((total, process) => total + of(process), 0)
  const secret = processes.filter(({ files }) => files === undefined).length
  const cpu = cpuPercent(pids, current, previous)
  return {
    values: {
      ...(cpu !== undefined && { 'proc.cpu': cpu }),
      'proc.mem': sum(({ residentBytes }) => residentBytes),
      // Of others only root may see them, and a part of them would be a wrong number.
      ...(secret === 0 && { 'proc.fd': sum(({ files = 0 }) => files) }),
      'proc.threads': sum(({ threads }) => threads),
    },
    ...(secret > 0 && { reason: `the agent may not see the open files of ${secret} of ${processes.length} processes` }),
  }
}

/** Of one processor, over the time since the reading before; a process whose id is another's now is a new one. */
function cpuPercent(pids: readonly number[], current: Reading, previous: Reading | undefined): number | undefined {
  if (!previous || current.atMs <= previous.atMs) return undefined
  let seconds = 0
  for (const pid of pids) {
    const [before, process] = [previous.processes.get(pid), current.processes.get(pid)]
    if (!before || !process || before.started !== process.started) continue
    seconds += Math.max(0, process.cpuSeconds - before.cpuSeconds)
  }
  return (seconds * 100_000) / (current.atMs - previous.atMs)
}
