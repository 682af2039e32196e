import { readFileSync, readdirSync, readlinkSync } from 'node:fs'

/** What the kernel says about one process; undefined when there is none with that pid. Linux only (/proc). */
export interface ProcessFacts {
  readonly pid: number
  /** Clock ticks after boot; with the pid it names one process for ever, however often pids are reused. */
  readonly startTicks: number
  /** Resident memory in bytes, with that of the processes it has started. */
  readonly residentBytes: number
  readonly uptimeSeconds: number
}

const pageBytes = 4096
const ticksPerSecond = 100

export function readProcess(pid: number): ProcessFacts | undefined {
  const stat = readOrUndefined(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  // The name in parentheses may hold blanks and parentheses itself, so fields are counted from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state] = fields
  if (state === 'Z' || state === 'X') return undefined
  const startTicks = Number(fields[19])
  const upSeconds = Number.parseFloat(readFileSync('/proc/uptime', 'utf8'))
  return {
    pid,
    startTicks,
    residentBytes:
      Number(fields[21]) * pageBytes + sum(childrenOf(pid).map((child) => readProcess(child)?.residentBytes ?? 0)),
    uptimeSeconds: Math.max(0, upSeconds - startTicks / ticksPerSecond),
  }
}

function childrenOf(pid: number): number[] {
  const list = readOrUndefined(`/proc/${pid}/task/${pid}/children`)?.trim() ?? ''
  return list === '' ? [] : list.split(' ').map(Number)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}

/** TCP ports on which a process listens, ascending. */
export function listeningPorts(pid: number): number[] {
  const sockets = socketInodes(pid)
  const ports = new Set<number>()
  for (const table of ['tcp', 'tcp6']) {
    for (const line of (readOrUndefined(`/proc/${pid}/net/${table}`) ?? '').split('\n').slice(1)) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/)
      if (state === '0A' && inode !== undefined && sockets.has(inode))
        ports.add(Number.parseInt(local?.split(':')[1] ?? '', 16))
    }
  }
  return [...ports].toSorted((a, b) => a - b)
}

function socketInodes(pid: number): Set<string> {
  const inodes = new Set<string>()
  let names: string[]
  try {
    names = readdirSync(`/proc/${pid}/fd`)
  } catch {
    return inodes // The process is gone or is not ours to look at: it has no ports that we could show.
  }
  for (const name of names) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${name}`))?.[1]
      if (inode !== undefined) inodes.add(inode)
    } catch {
      continue // Closed between listing and reading.
    }
  }
  return inodes
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // No such process.
  }
}
