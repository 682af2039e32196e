import type { Reading } from '#protocol'
import type { Host } from '../host/host.ts'
import { StuckError } from '../host/slow-calls.ts'

export interface ProcessPattern {
  /** The whole name as the system keeps it: on Linux 15 bytes, on Windows that of the file, `sqlservr.exe`. */
  readonly name?: string
  /** Part of the arguments, which are joined without separator. */
  readonly commandLine?: string
}

/** `name=<name>` and/or `cmdline=<part>`. */
export function readProcessPattern(tags: string): Reading<ProcessPattern> {
  const parts = tags.split(',').map((part) => part.trim())
  const name = lastOf(parts, 'name=')
  const commandLine = lastOf(parts, 'cmdline=')
  if (name === undefined && commandLine === undefined) {
    return { ok: false, reason: `"${tags}" has neither name=<process name> nor cmdline=<part of the command line>` }
  }
  const pattern = { ...(name !== undefined && { name }), ...(commandLine !== undefined && { commandLine }) }
  return { ok: true, value: pattern }
}

function lastOf(parts: readonly string[], prefix: string): string | undefined {
  return parts
    .findLast((part) => part.startsWith(prefix))
    ?.slice(prefix.length)
    .trim()
}

/**
 * The ids of the processes that match all of each pattern, never those of kernel threads: one pass for all patterns. The
 * arguments are read only of processes whose name may match.
 */
export async function findProcesses(host: Host, patterns: readonly ProcessPattern[]): Promise<number[][]> {
  const found = patterns.map((): number[] => [])
  const numbered = [...patterns.entries()]
  for (const [pid, name] of await host.processNames()) {
    const candidates = numbered.filter(([, { name: wanted }]) => wanted === undefined || host.isNamed(name, wanted))
    if (candidates.length === 0) continue
    const commandLine = await commandLineOf(host, pid)
    if (commandLine === '') continue
    for (const [i, wanted] of candidates) {
      const matches = wanted.commandLine === undefined || commandLine?.includes(wanted.commandLine) === true
      if (matches) found[i]?.push(pid)
    }
  }
  return found
}

/** Undefined for a process stuck in the kernel: it has arguments (kernel threads answer at once), but which? */
async function commandLineOf(host: Host, pid: number): Promise<string | undefined> {
  try {
    return await host.commandLine(pid)
  } catch (error) {
    if (error instanceof StuckError && error.reason === 'hangs') return undefined
    throw error
  }
}
