import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { withDeadline } from '../host/deadline.ts'
import { isDead, newestPid, pageSize, pidsBetween, readProcStat, ticksPerSecond } from './proc.ts'
import type { ProcStat } from './proc.ts'
import { namesOf, overLimit } from './run-guard.ts'
import type { Guards, RunGuard, RunLimits, RunProcess } from './run-guard.ts'

const markName = 'FALCON_RUN'

/** A process that hangs in the kernel may make its `environ` and `smaps` hang for whoever reads them. */
const slowFileMs = 500

/** Rounds of looking and killing, and the pause between them: half a second until what lives on is told. */
const killRounds = 25
const killPauseMs = 20

/**
 * Runs found through `/proc`. Of a run is whatever is in its session, was started by a process known to be of it, or has
 * its mark in the environment; only the last finds a daemon that left its session between two looks. Why not cgroups
 * or ulimit: docs/decisions/0009.
 */
export const linuxGuards: Guards = {
  mark: () => ({ [markName]: `${process.pid}-${randomBytes(6).toString('hex')}` }),
  watch: (pid, mark, limits) => watchRun(pid, `${markName}=${mark[markName] ?? ''}`, limits),
  alive: (processes) => processes.filter((one) => lives(one)),
  endAll: (processes) => endAll(() => Promise.resolve(processes.filter((one) => lives(one)))),
}

function watchRun(leader: number, mark: string, limits: RunLimits): RunGuard {
  const leaderStart = readProcStat(leader)?.start
  const known = new Map<number, ProcStat>()
  let seen = leader - 1
  let cpuSeconds = 0

  /** Whether the number of the run's session still means the run. */
  const sessionIsOurs = () => {
    const now = readProcStat(leader)
    return now === undefined || now.start === leaderStart
  }

  /** Brings what is known up to date; resolves to what is new since the number `after` was given and not known yet. */
  function look(after: number): ProcStat[] {
    for (const [pid, before] of known) {
      const now = readProcStat(pid)
      if (now?.start === before.start) known.set(pid, now)
      else known.delete(pid)
    }
    const ours = sessionIsOurs()
    const newest = newestPid()
    const others: ProcStat[] = []
    for (const pid of pidsBetween(after, newest)) {
      if (known.has(pid)) continue
      const stat = readProcStat(pid)
      if (!stat) continue
      if ((ours && stat.session === leader) || known.has(stat.parent)) known.set(pid, stat)
      else others.push(stat)
    }
    if (newest !== undefined) seen = newest
    const ticks = [...known.values()].reduce((sum, { cpuTicks }) => sum + cpuTicks, 0)
    // What a process used that ended without being waited for is no longer told.
    cpuSeconds = Math.max(cpuSeconds, ticks / ticksPerSecond)
    return others
  }

  /** Also those that got away: they have been adopted, and have the mark. */
  async function search(): Promise<ProcStat[]> {
    const adopters = ancestors()
    for (const stat of look(leader - 1)) {
      const mayBeOurs = adopters.has(stat.parent) && stat.start >= (leaderStart ?? 0) && !isDead(stat)
      if (mayBeOurs && (await hasMark(stat.pid, mark))) known.set(stat.pid, stat)
    }
    return [...known.values()].filter((stat) => !isDead(stat))
  }

  return {
    async check() {
      look(seen)
      const live = [...known.values()].filter((stat) => !isDead(stat))
      const resident = live.reduce((sum, stat) => sum + stat.resident, 0) * pageSize()
      // Memory that processes share is in each one's sum: asked for exactly only when it matters.
      const memoryBytes = resident > limits.memoryBytes ? await exactMemory(live) : resident
      return overLimit({ cpuSeconds, memoryBytes, processes: live.length }, limits)
    },
    others: async () => (await search()).filter(({ pid, start }) => pid !== leader || start !== leaderStart),
    end: () => {
      if (sessionIsOurs()) kill(-leader)
      return endAll(search)
    },
    close: () => undefined,
  }
}

let knownAncestors: ReadonlySet<number> | undefined

/** Who takes orphans in: the first process, or one of those that we descend from. */
function ancestors(): ReadonlySet<number> {
  if (knownAncestors?.has(process.ppid) === true) return knownAncestors
  const found = new Set([1, process.pid])
  for (let pid = process.ppid; pid > 1 && !found.has(pid); pid = readProcStat(pid)?.parent ?? 1) found.add(pid)
  knownAncestors = found
  return found
}

/** Kills what `find` finds until it finds nothing more. */
async function endAll(find: () => Promise<readonly RunProcess[]>): Promise<string | undefined> {
  let left = await find()
  for (let round = 0; round < killRounds && left.length > 0; round++) {
    for (const one of left) if (lives(one)) kill(one.pid)
    await sleep(killPauseMs)
    left = await find()
  }
  return left.length === 0 ? undefined : `could not be killed: ${namesOf(left)}`
}

function lives({ pid, start }: RunProcess): boolean {
  const stat = readProcStat(pid)
  return stat !== undefined && stat.start === start && !isDead(stat)
}

/** What may not be killed, or is gone, shows when it is looked for again. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}

async function hasMark(pid: number, mark: string): Promise<boolean> {
  const text = await readSlowly(`/proc/${pid}/environ`)
  return text?.split('\0').includes(mark) === true
}

/** Bytes, with shared memory divided among those who share it. */
async function exactMemory(processes: readonly ProcStat[]): Promise<number> {
  let bytes = 0
  for (const { pid, resident } of processes) {
    const text = await readSlowly(`/proc/${pid}/smaps_rollup`)
    const kilobytes = /^Pss: +(\d+)/m.exec(text ?? '')?.[1]
    bytes += kilobytes === undefined ? resident * pageSize() : Number(kilobytes) * 1024
  }
  return bytes
}

/** Undefined when it may not be read, or not in time. */
function readSlowly(path: string): Promise<string | undefined> {
  const reading = readFile(path, 'latin1').catch(() => undefined)
  return withDeadline(reading, slowFileMs, () => undefined)
}
