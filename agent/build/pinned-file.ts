import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { PinnedFile } from './targets.ts'

const run = promisify(execFile)

/**
 * Path of a pinned file, unpacked below `folder`; fetches its package when it is not there yet.
 * Rejects when it is not the file that was pinned, or cannot be had.
 */
export async function pinnedFile(file: PinnedFile, folder: string): Promise<string> {
  const home = join(folder, file.package.replace('@', '').replaceAll(/[/@]/g, '-'))
  const path = join(home, 'package', file.path)
  if (!existsSync(path)) await fetchPackage(file.package, home)
  if (!existsSync(path)) throw new Error(`Cannot build: ${file.package} holds no ${file.path}`)
  const found = createHash('sha256').update(readFileSync(path)).digest('hex')
  if (found !== file.sha256)
    throw new Error(
      `Cannot build: ${path} is not the pinned file (sha256 ${found}, not ${file.sha256}). Remove ${home} and build again`,
    )
  return path
}

async function fetchPackage(name: string, home: string): Promise<void> {
  mkdirSync(home, { recursive: true })
  try {
    const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', home, name])
    await run('tar', ['xzf', join(home, stdout.trim().split('\n').at(-1) ?? ''), '-C', home])
  } catch (error) {
    const { stderr } = error as { stderr?: string }
    throw new Error(
      `Cannot fetch ${name}: ${stderr?.trim() || (error as Error).message}\n` +
        `Without a network, unpack the package by other means into ${home} and build again`,
      { cause: error },
    )
  }
}
