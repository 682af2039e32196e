import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
// Which process holds a folder is a fact about this process itself, so it is asked here and not passed in.
import { kill, pid } from 'node:process'

export interface FolderLock {
  release(): void
}

/**
 * Takes the folder for this process. A lock left by a process that is gone is taken over.
 * @throws when a living process, this one included, holds it.
 */
export function lockFolder(dir: string): FolderLock {
  const path = join(dir, 'lock')
  const mine = `${path}.${pid}`
  writeFileSync(mine, identityOf(pid))
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      if (linked(mine, path)) return { release: () => rmSync(path, { force: true }) }
      const holder = readOrEmpty(path)
      if (isAlive(holder)) throw new Error(`process ${holder.split(' ')[0]} has it open`)
      removeStale(path, holder)
    }
    throw new Error('another process is taking it at this moment')
  } finally {
    unlinkSync(mine)
  }
}

/** link(2) makes the lock appear whole or not at all. */
function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Moves a dead holder's lock away; puts it back when somebody replaced it between reading and moving. */
function removeStale(path: string, holder: string): void {
  const aside = `${path}.stale.${pid}`
  try {
    renameSync(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  if (readOrEmpty(aside) !== holder) linked(aside, path)
  unlinkSync(aside)
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

/** `<pid> <start>`: a pid alone may since belong to another process. */
function identityOf(pid: number): string {
  return `${pid} ${startOf(pid) ?? ''}`
}

function isAlive(holder: string): boolean {
  const [pidText = '', start = ''] = holder.split(' ')
  const holderPid = Number(pidText)
  if (!Number.isInteger(holderPid) || holderPid <= 0) return false
  try {
    kill(holderPid, 0)
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  const now = startOf(holderPid)
  return now === undefined || start === '' || now === start
}

/** When a process started, in ticks since boot; undefined where there is no /proc. */
function startOf(pid: number): string | undefined {
  // After the name in parentheses, which may hold spaces, come fields 3 and on; the start time is field 22.
  const stat = readOrEmpty(`/proc/${pid}/stat`)
  return stat === '' ? undefined : stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}
