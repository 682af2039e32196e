import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'

/**
 * The PluginVersion of the heartbeat: the revision checked out in `dir`, or Open-Falcon's text for there being none.
 * Read from the repository's files, since a git process every minute on every host would cost more than the rest.
 */
export async function pluginRevision(dir: string, enabled: boolean): Promise<string> {
  if (!enabled) return 'plugin not enabled'
  if (!(await exists(dir))) return 'plugin dir not existent'
  try {
    return await headOf(await gitDirectory(dir))
  } catch (error) {
    return `Error:${(error as Error).message}`
  }
}

async function headOf(git: string): Promise<string> {
  const head = (await readFile(join(git, 'HEAD'), 'utf8')).trim()
  const name = /^ref: (.+)$/.exec(head)?.[1]
  if (name === undefined) return head
  const common = await readFile(join(git, 'commondir'), 'utf8').then(
    (text) => resolve(git, text.trim()),
    () => git,
  )
  try {
    return (await readFile(join(common, name), 'utf8')).trim()
  } catch {
    const packed = await readFile(join(common, 'packed-refs'), 'utf8').catch(() => '')
    const line = packed.split('\n').find((line) => line.endsWith(` ${name}`))
    if (line === undefined) throw new Error(`no commit on ${name}`)
    return line.slice(0, line.indexOf(' '))
  }
}

/** `.git` is a directory, or in a linked work tree a file that names it. */
export async function gitDirectory(dir: string): Promise<string> {
  const path = join(dir, '.git')
  if (!(await exists(path))) throw new Error('not a git repository')
  if ((await stat(path)).isDirectory()) return path
  const text = await readFile(path, 'utf8')
  return resolve(dir, text.replace(/^gitdir: /, '').trim())
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
