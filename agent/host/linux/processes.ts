import { setImmediate } from 'node:timers/promises'
import type { SlowCalls } from '../slow-calls.ts'
import { isForbidden, isGone } from './kernel-files.ts'
import type { KernelFiles } from './kernel-files.ts'

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
    return parseCommandLine(await slow.run(file, deadlineMs, () => files.slow(file)))
  } catch (error) {
    if (isGone(error) || isForbidden(error)) return ''
    throw error
  }
}

function inSight(read: () => string): string | undefined {
  try {
    return read()
  } catch (error) {
    if (isGone(error) || isForbidden(error)) return undefined
    throw error
  }
}
