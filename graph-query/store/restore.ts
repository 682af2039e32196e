import { constants, existsSync, mkdirSync, readdirSync, renameSync, rmSync, rmdirSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { lockFolder } from './lock.ts'
import { hashOf, readManifest, syncFile } from './manifest.ts'
import { syncFolder } from './segment-writer.ts'

export interface RestoreResult {
  readonly files: number
  readonly bytes: number
  /** Unix seconds; every sample acknowledged before is there. */
  readonly begun: number
  /** Where the store that was there before is now. */
  readonly replaced: string | undefined
}

/**
 * Makes the store of a backup. It appears whole or not at all: it is put together beside `dir`, each file is compared
 * with the manifest as it arrives, and then takes the name.
 * @throws when the store is in use, when the folder holds something and `force` is not given, or when the backup is damaged
 */
export async function restoreStore(
  source: string,
  dir: string,
  options: { readonly force: boolean; readonly now: () => number; readonly progress: (text: string) => void },
): Promise<RestoreResult> {
  const { files, begun } = readManifest(source)
  mkdirSync(dir, { recursive: true })
  const unlock = await lockFolder(dir)
  try {
    const isEmpty = readdirSync(dir).length === 0
    if (!isEmpty && !options.force)
      throw new Error(`Cannot restore into ${dir}: it is not empty. With --force what it holds is put aside`)
    const beside = `${dir}.restoring`
    rmSync(beside, { recursive: true, force: true })
    mkdirSync(join(beside, 'wal'), { recursive: true })
    let bytes = 0
    for (const [i, file] of files.entries()) {
      options.progress(`file ${i + 1} of ${files.length}`)
      const to = join(beside, file.path)
      mkdirSync(dirname(to), { recursive: true })
      // A copy, not a link: a damaged sector must not reach the store and its backup at once.
      await copyFile(join(source, file.from), to, constants.COPYFILE_FICLONE)
      if ((await hashOf(to)) !== file.sha256)
        throw new Error(`Cannot restore ${join(source, file.from)}: it is not what the manifest says, so it is damaged`)
      await syncFile(to)
      bytes += file.bytes
    }
    const replaced = isEmpty ? undefined : freeName(`${dir}.replaced-${Math.floor(options.now() / 1000)}`)
    if (replaced === undefined) rmdirSync(dir)
    else renameSync(dir, replaced)
    renameSync(beside, dir)
    await syncFolder(dirname(dir))
    return { files: files.length, bytes, begun, replaced }
  } finally {
    await unlock()
  }
}

function freeName(wanted: string): string {
  let name = wanted
  for (let i = 2; existsSync(name); i++) name = `${wanted}-${i}`
  return name
}
