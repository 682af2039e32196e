import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { syncFolder } from '../store/segment-writer.ts'
import { writeWhole } from '../store/whole-file.ts'
import { markName } from './history-mark.ts'

/** Below the store's folder, which may be a disk of its own: there a copy is put together, and there the store of before goes. */
export const copyFolder = (dir: string) => join(dir, 'resync')
export const asideFolder = (dir: string) => join(dir, 'before-resync')

/** In the copy's folder: the copy is whole; the store of before is out of the way. */
const wholeName = 'whole'
const clearedName = 'cleared'

/** Whether there is a store, whole or damaged, in a folder. */
export function holdsStore(dir: string): boolean {
  return partsIn(dir).some((name) => name !== markName)
}

/** Whether there is nothing at all of a store: no parts, no copy under way, none that was put aside. */
export function holdsNothing(dir: string): boolean {
  return !holdsStore(dir) && !existsSync(copyFolder(dir)) && !existsSync(asideFolder(dir))
}

/** Says that the copy is whole, and gives it the store's place. Its mark must be in it already. */
export async function placeCopy(dir: string): Promise<void> {
  await writeWhole(join(copyFolder(dir), wholeName), '')
  await syncFolder(copyFolder(dir))
  await finishPlacing(dir)
}

/**
 * Goes on with a copy that is whole, wherever a death has left it; does nothing when there is none. Each step can be done
 * again: first what is in the store's place goes aside, then the copy's parts come in, the log last.
 */
export async function finishPlacing(dir: string): Promise<void> {
  const copy = copyFolder(dir)
  if (existsSync(join(copy, wholeName))) {
    const aside = asideFolder(dir)
    const parts = partsIn(dir)
    if (parts.length > 0) mkdirSync(aside, { recursive: true })
    for (const name of parts) renameSync(join(dir, name), join(aside, name))
    if (parts.length > 0) await syncFolder(aside)
    await syncFolder(dir)
    renameSync(join(copy, wholeName), join(copy, clearedName))
    await syncFolder(copy)
  }
  if (!existsSync(join(copy, clearedName))) return
  for (const name of partsIn(copy)) renameSync(join(copy, name), join(dir, name))
  await syncFolder(dir)
  rmSync(copy, { recursive: true })
}

/** The log comes last: where it is, the rest is too. */
function partsIn(dir: string): string[] {
  if (!existsSync(dir)) return []
  const names = readdirSync(dir).filter(
    (name) => name === markName || /^(wal|step-\d+|series\.log|last-points|archives\.json)$/.test(name),
  )
  return names.toSorted((a, b) => Number(a === 'wal') - Number(b === 'wal'))
}
