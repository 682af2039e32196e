import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readProcess } from './process-table.ts'
import type { ProcessFacts } from './process-table.ts'

/** Remembers a process as `pid startTicks`, so that a reused pid is never mistaken for it. */
export function writePidFile(path: string, pid: number): void {
  writeFileSync(path, `${pid} ${readProcess(pid)?.startTicks ?? 0}\n`)
}

/** The process that the file names, when it still lives. */
export function readPidFile(path: string): ProcessFacts | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return undefined // Never started, or stopped properly.
  }
  const [pid, startTicks] = text.trim().split(' ').map(Number)
  if (pid === undefined || !Number.isInteger(pid) || pid <= 0) return undefined
  const facts = readProcess(pid)
  return facts?.startTicks === startTicks ? facts : undefined
}

export function removePidFile(path: string): void {
  rmSync(path, { force: true })
}
