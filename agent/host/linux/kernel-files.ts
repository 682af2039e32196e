import { closeSync, existsSync, openSync, read, readFileSync, readSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Reads the files by which a kernel shows its state, below a movable root. Errors name the file. */
export interface KernelFiles {
  /** Where a path of the watched machine is on this one. */
  path(path: string): string
  /**
   * A file the kernel makes from memory, waiting for nothing. Read at once: through a thread it costs ten times
   * as much, and these are read every step.
   */
  now(path: string): string
  /** The lines of such a file, made as they are asked for: stop early, and the kernel does not make the rest. */
  lines(path: string): Iterable<string>
  /** A file behind which a driver, a process or a lock may keep us waiting: call it inside `SlowCalls` only. */
  slow(path: string): Promise<string>
  /** The same of a file that is given whole by one read, if there is room: not one that the kernel makes line by line. */
  slowAtOnce(path: string): Promise<string>
  /** The names in a folder of the kernel's. */
  list(path: string): string[]
  /** The size that the kernel says a folder of its own has; most say 0. */
  sizeOf(folder: string): number
  /** The path of a file below /proc that differs between containers: `mounts`, `net/…`. */
  ofHost(name: string): string
}

/** `root` is `/`, or where the file system of the watched host is mounted into a container. */
export function createKernelFiles(root: string): KernelFiles {
  const path = (path: string) => (root === '/' ? path : join(root, path))
  return {
    path,
    now(file) {
      try {
        return readFileSync(path(file), 'utf8')
      } catch (error) {
        throw unreadable(file, error)
      }
    },
    *lines(file) {
      let handle: number | undefined
      try {
        handle = openSync(path(file), 'r')
        yield* linesOf(handle)
      } catch (error) {
        throw unreadable(file, error)
      } finally {
        if (handle !== undefined) closeSync(handle)
      }
    },
    async slow(file) {
      try {
        return await readApart(openSync(path(file), 'r'))
      } catch (error) {
        throw unreadable(file, error)
      }
    },
    async slowAtOnce(file) {
      try {
        return await readApart(openSync(path(file), 'r'), true)
      } catch (error) {
        throw unreadable(file, error)
      }
    },
    list(folder) {
      try {
        return readdirSync(path(folder))
      } catch (error) {
        throw unreadable(folder, error)
      }
    },
    sizeOf(folder) {
      try {
        return statSync(path(folder)).size
      } catch (error) {
        throw unreadable(folder, error)
      }
    },
    ofHost(name) {
      // Seen from a container, /proc/mounts and /proc/net are its own; those of the first process are the host's.
      const first = `/proc/1/${name}`
      return root !== '/' && existsSync(path(first)) ? first : `/proc/${name}`
    },
  }
}

/**
 * The rest of an open file, which is closed then. Opening such a file waits for nothing, so only the reading is left to a
 * thread: that costs a fifth of what `readFile` takes, which matters to tens of thousands of processes.
 */
async function readApart(handle: number, atOnce = false): Promise<string> {
  const parts: Buffer[] = []
  try {
    for (;;) {
      const part = Buffer.allocUnsafe(4096)
      const size = await new Promise<number>((resolve, reject) => {
        read(handle, part, 0, part.length, null, (error, size) => (error ? reject(error) : resolve(size)))
      })
      parts.push(part.subarray(0, size))
      if (size === 0 || (atOnce && size < part.length)) return Buffer.concat(parts).toString()
    }
  } finally {
    closeSync(handle)
  }
}

function* linesOf(handle: number): Generator<string> {
  const chunk = Buffer.allocUnsafe(64 * 1024)
  let rest = ''
  for (;;) {
    const size = readSync(handle, chunk, 0, chunk.length, null)
    if (size === 0) break
    const lines = (rest + chunk.toString('latin1', 0, size)).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}

/** Whether an error of `KernelFiles` says that there is no such file, or that the process behind it has ended. */
export function isGone(error: unknown): boolean {
  return ['ENOENT', 'ESRCH'].includes(codeOf(error))
}

/** Whether an error of `KernelFiles` says that the kernel could show this, but it is switched off (`psi=0`). */
export function isUnsupported(error: unknown): boolean {
  return codeOf(error) === 'EOPNOTSUPP' || codeOf(error) === 'ENOTSUP'
}

/** Whether an error of `KernelFiles` says that the agent may not look, for example under the mount option hidepid. */
export function isForbidden(error: unknown): boolean {
  return ['EACCES', 'EPERM'].includes(codeOf(error))
}

function codeOf(error: unknown): string {
  return ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code ?? ''
}

function unreadable(file: string, error: unknown): Error {
  return new Error(`Cannot read ${file}: ${(error as Error).message}`, { cause: error })
}
