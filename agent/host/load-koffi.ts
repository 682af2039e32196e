import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { getAsset, isSea } from 'node:sea'
import type koffi from 'koffi'

/** What calls functions of the system's own libraries, without a compiler. */
export type Koffi = typeof koffi

let loaded: Promise<Koffi> | undefined

/** It takes two megabytes, so whoever needs it loads it late. */
export function loadKoffi(): Promise<Koffi> {
  return (loaded ??= isSea() ? unpacked() : import('koffi').then((module) => module.default))
}

/** The system loads libraries from files only, hence the executable lays its copy down beside itself, once a version. */
async function unpacked(): Promise<Koffi> {
  const library = Buffer.from(getAsset('koffi.node'))
  const name = `koffi-${createHash('sha256').update(library).digest('hex').slice(0, 12)}.node`
  const path = join(dirname(process.execPath), 'lib', name)
  try {
    layDown(path, library)
    const module: { exports: unknown } = { exports: {} }
    process.dlopen(module, path)
    return module.exports as Koffi
  } catch (error) {
    throw new Error(`Cannot load ${path}, which system calls need: ${(error as Error).message}`, { cause: error })
  }
}

/** Whatever is there already is loaded only when it is this very library. */
function layDown(path: string, library: Buffer): void {
  if (existsSync(path) && readFileSync(path).equals(library)) return
  mkdirSync(dirname(path), { recursive: true })
  const unfinished = `${path}.${process.pid}`
  writeFileSync(unfinished, library)
  renameSync(unfinished, path)
}
