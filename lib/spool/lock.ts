import {
  linkSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
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
  for (let attempt = 0; attempt < 3; attempt++) {
    if (made(path, identityOf(pid))) return { release: () => rmSync(path, { force: true }) }
    const holder = holderOf(path)
    if (isAlive(holder)) throw new Error(`process ${holder.split(' ')[0]} has it open`)
    removeStale(path, holder)
  }
  throw new Error('another process is taking it at this moment')
}

/** Makes the lock, whole or not at all; false when there is one. */
function made(path: string, holder: string): boolean {
  try {
    // The text of a link needs no room: what fills a disk must be emptied by a process that starts on the full one.
    symlinkSync(holder, path)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    // Windows, and file systems without links of this kind.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error
    return madeAsFile(path, holder)
  }
}

function madeAsFile(path: string, holder: string): boolean {
  const mine = `${path}.${pid}`
  writeFileSync(mine, holder)
  try {
    linkSync(mine, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    unlinkSync(mine)
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
  const moved = holderOf(aside)
  if (moved !== holder) made(path, moved)
  unlinkSync(aside)
}

/** What a lock says, empty when there is none. */
function holderOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch (error) {
    // No link: gone, or a file.
    if ((error as NodeJS.ErrnoException).code === 'EACCES') throw error
    return readOrEmpty(path)
  }
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
