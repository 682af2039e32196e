import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** What `/proc/<pid>/stat` says. Reading it waits for nothing, unlike `environ`, `cmdline` and `smaps`. */
export interface ProcStat {
  readonly pid: number
  readonly name: string
  /** One letter; Z and X are dead. */
  readonly state: string
  readonly parent: number
  readonly session: number
  /** Hundredths of seconds of processor time, with those of children that ended and were waited for. */
  readonly cpuTicks: number
  /** Ticks after boot. */
  readonly start: number
  /** Pages of memory. */
  readonly resident: number
}

/** Kernel ticks a second as user space sees them, on every architecture. */
export const ticksPerSecond = 100

export function parseProcStat(text: string): ProcStat | undefined {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  if (open < 0 || close < open) return undefined
  const rest = text.slice(close + 2).split(' ')
  const at = (field: number) => Number(rest[field - 3])
  return {
    pid: Number(text.slice(0, open)),
    name: text.slice(open + 1, close),
    state: rest[0] ?? '',
    parent: at(4),
    session: at(6),
    cpuTicks: at(14) + at(15) + at(16) + at(17),
    start: at(22),
    resident: at(24),
  }
}

/** Undefined when there is no such process. */
export function readProcStat(pid: number): ProcStat | undefined {
  try {
    return parseProcStat(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return undefined
  }
}

export function isDead(stat: ProcStat): boolean {
  return stat.state === 'Z' || stat.state === 'X'
}

/** The number given to the newest process or thread; undefined where `/proc/loadavg` does not tell. */
export function newestPid(): number | undefined {
  try {
    const newest = Number(readFileSync('/proc/loadavg', 'latin1').trim().split(' ').at(-1))
    return newest > 0 ? newest : undefined
  } catch {
    return undefined
  }
}

/** From here on it is cheaper to list `/proc` than to ask for each number: 4.5 µs against 25 ms with 50 000 processes. */
const manyPids = 4096

/**
 * Processes started after number `after` was given and up to `newest`. Numbers grow and begin anew at the end, so
 * these are few among 50 000, and most of the time it takes a handful of questions to find them.
 */
export function pidsBetween(after: number, newest: number | undefined): number[] {
  if (newest !== undefined && newest >= after && newest - after <= manyPids) {
    const found: number[] = []
    for (let pid = after + 1; pid <= newest; pid++) if (existsSync(`/proc/${pid}`)) found.push(pid)
    return found
  }
  const all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []))
  if (newest === undefined) return all
  return newest >= after
    ? all.filter((pid) => pid > after && pid <= newest)
    : all.filter((pid) => pid > after || pid <= newest)
}

let knownPageSize: number | undefined

/** Bytes of a page: what the kernel tells every program at its start, as pairs of 64-bit numbers. */
export function pageSize(): number {
  if (knownPageSize !== undefined) return knownPageSize
  const pageSizeKey = 6n
  const vector = readFileSync('/proc/self/auxv')
  for (let at = 0; at + 16 <= vector.length; at += 16)
    if (vector.readBigUInt64LE(at) === pageSizeKey) knownPageSize = Number(vector.readBigUInt64LE(at + 8))
  return (knownPageSize ??= 4096)
}
