import { setImmediate } from 'node:timers/promises'
import type { ProcessUse } from '../host.ts'
import type { SlowCalls } from '../slow-calls.ts'
import { isForbidden, isGone } from './kernel-files.ts'
import type { KernelFiles } from './kernel-files.ts'
import { numberFrom, words } from './text.ts'

/** /proc/<pid>/status → the name of the program, cut by the kernel to 15 bytes. */
export function parseStatusName(text: string): string {
  if (!text.startsWith('Name:')) throw new Error('Cannot understand /proc/<pid>/status: it does not start with "Name:"')
  const end = text.indexOf('\n')
  return text.slice('Name:'.length, end < 0 ? text.length : end).trim()
}

/** /proc/<pid>/cmdline: arguments, each ended by a NUL. Falcon: they are joined without anything between them. */
export function parseCommandLine(text: string): string {
  return text.replaceAll('\0', '')
}

/** Of the clock that the kernel shows to programs: 100 on every machine but Alphas. */
const ticksPerSecond = 100

/**
 * The texts of /proc/<pid>/stat and /proc/<pid>/status. Memory is taken from the second, because the first counts pages,
 * whose size differs between machines; kernel threads and zombies have none.
 */
export function parseProcessUse(stat: string, status: string): ProcessUse {
  // The name stands in parentheses and may hold some itself, and blanks.
  const columns = words(stat.slice(stat.lastIndexOf(')') + 1).trim())
  const column = (number: number) => numberFrom(columns[number - 3], `column ${number} of /proc/<pid>/stat`)
  const resident = /^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1]
  return {
    cpuSeconds: (column(14) + column(15)) / ticksPerSecond,
    threads: column(20),
    started: column(22),
    residentBytes: Number(resident ?? 0) * 1024,
  }
}

/** The process ids among the names in /proc. */
export function processIds(names: readonly string[]): number[] {
  return names.filter((name) => name >= '0' && name < ':').map(Number)
}

/** How many processes are read before others get their turn: about a millisecond's worth. */
const atOnce = 100

/** Names of all processes that the agent may see and that do not end meanwhile. */
export async function readNames(files: KernelFiles): Promise<Map<number, string>> {
  const names = new Map<number, string>()
  for (const [i, pid] of processIds(files.list('/proc')).entries()) {
    if (i % atOnce === atOnce - 1) await setImmediate()
    const text = inSight(() => files.now(`/proc/${pid}/status`))
    if (text !== undefined) names.set(pid, parseStatusName(text))
  }
  return names
}

/**
 * Reading the arguments waits for a lock of the process, for ever when it is stuck in the kernel holding it.
 * @throws StuckError in that case.
 */
export async function readCommandLine(
  files: KernelFiles,
  slow: SlowCalls,
  pid: number,
  deadlineMs: number,
): Promise<string> {
  const file = `/proc/${pid}/cmdline`
  try {
    return parseCommandLine(await slow.run(file, deadlineMs, () => files.slowAtOnce(file)))
  } catch (error) {
    if (isGone(error) || isForbidden(error)) return ''
    throw error
  }
}

/** Undefined for a process that has ended, or that the agent may not look at. */
export function readProcessUse(files: KernelFiles, pid: number): ProcessUse | undefined {
  const stat = inSight(() => files.now(`/proc/${pid}/stat`))
  const status = inSight(() => files.now(`/proc/${pid}/status`))
  return stat === undefined || status === undefined ? undefined : parseProcessUse(stat, status)
}

/** How many files a process has open; undefined as above. Of others only root may know. */
export function readOpenFiles(files: KernelFiles, pid: number): number | undefined {
  const folder = `/proc/${pid}/fd`
  // Since Linux 6.2 the size of the folder is their number, however many there are.
  return inSight(() => files.sizeOf(folder) || files.list(folder).length)
}

function inSight<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isGone(error) || isForbidden(error)) return undefined
    throw error
  }
}
