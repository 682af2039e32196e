import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rm } from 'node:fs/promises'
import { connect } from 'node:net'

/**
 * Makes a folder this process' own until the returned function is called or the process ends, however it ends: the lock
 * is a bound local socket, which needs no cleaning up after SIGKILL.
 * @throws when another store has the folder
 */
export async function lockFolder(dir: string): Promise<() => Promise<void>> {
  const name = `falcon-store-${createHash('sha1').update(realpathSync(dir)).digest('hex')}`
  // Linux has socket names that are no files; elsewhere a file may be left over, which nobody answers on.
  const path = process.platform === 'linux' ? `\0${name}` : join(tmpdir(), `${name}.sock`)
  if (!path.startsWith('\0') && !(await answers(path))) await rm(path, { force: true })
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code === 'EADDRINUSE' ? 'another running process uses it' : error.message
      reject(new Error(`Cannot open the store in ${dir}: ${reason}`, { cause: error }))
    })
    server.listen(path, resolve)
  })
  server.unref()
  return () => new Promise((resolve) => server.close(() => resolve()))
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
