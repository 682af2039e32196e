import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Git } from './git.ts'
import { gitDirectory } from './revision.ts'

/** Lies in the repository while files of the checkout are replaced: the commit it was at, and whether it had local changes. */
const noteName = 'falcon-replacing'

/** What a git that was killed may leave. */
const locks = ['index.lock', 'HEAD.lock']

/**
 * Replaces the files of a checkout by `work`. If that fails or the process dies amid it, the checkout goes back to where it
 * was, then or in `restoreCheckout`; with local changes in it that cannot be, and the note stays.
 */
export async function replaceFiles(dir: string, git: Git, work: () => Promise<unknown>): Promise<void> {
  const note = join(await gitDirectory(dir), noteName)
  const commit = (await git(['rev-parse', 'HEAD'])).trim()
  const changes = await localChanges(git)
  await writeFile(note, JSON.stringify({ commit, changed: changes !== '' }))
  try {
    await work()
  } catch (error) {
    // Git refuses before it has touched a file, or fails amid it, as when the disk is full.
    if (changes === '') await git(['reset', '--hard', commit])
    else if ((await localChanges(git)) !== changes) throw error
    await rm(note)
    throw error
  }
  await rm(note)
}

/** Whether an update ended amid its work, and nobody has put that right. */
export async function isHalfReplaced(dir: string): Promise<boolean> {
  return (await readNote(dir)) !== undefined
}

/** Goes back to where the checkout was before the update that did not end. */
export async function restoreCheckout(dir: string, git: Git): Promise<void> {
  const note = await readNote(dir)
  if (!note) return
  const { commit, changed } = JSON.parse(note) as { commit: string; changed: boolean }
  if (changed)
    throw new Error('an update ended amid its work, and there are local changes: /plugin/reset throws them away')
  await discardChanges(dir, git, commit)
}

/** Makes the files those of a commit, whatever they are now. */
export async function discardChanges(dir: string, git: Git, commit: string): Promise<void> {
  if (!(await isHalfReplaced(dir))) {
    await git(['reset', '--hard', commit])
    return
  }
  const repository = await gitDirectory(dir)
  for (const lock of locks) await rm(join(repository, lock), { force: true })
  await git(['reset', '--hard', commit])
  await rm(join(repository, noteName))
}

/** Removes what downloads left that did not end: each may be as large as the repository. */
export async function removeHalfDownloads(dir: string): Promise<void> {
  const folder = join(await gitDirectory(dir), 'objects', 'pack')
  const names = await readdir(folder).catch(() => [])
  for (const name of names) if (name.startsWith('tmp_')) await rm(join(folder, name), { force: true })
}

async function readNote(dir: string): Promise<string | undefined> {
  try {
    return await readFile(join(await gitDirectory(dir), noteName), 'utf8')
  } catch {
    // No repository, or one that is whole.
    return undefined
  }
}

function localChanges(git: Git): Promise<string> {
  return git(['status', '--porcelain', '--untracked-files=no'])
}
