import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isSea } from 'node:sea'
import { fileURLToPath } from 'node:url'

/**
 * Where config files and `var/` are found from: the folder of the executable when all of the program is in one, else the
 * folder that holds package.json, whether this runs from source or from `dist/`.
 */
export const projectRoot = isSea() ? dirname(process.execPath) : findRoot(dirname(fileURLToPath(import.meta.url)))

function findRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder
  const parent = dirname(folder)
  if (parent === folder) throw new Error('Cannot find the project: no package.json above the running code')
  return findRoot(parent)
}
