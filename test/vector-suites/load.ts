import { readFileSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import { projectRoot } from '#lib/module'

/**
 * Where the recorded cases are: the folder named by `FALCON_VECTORS`, else the project's own copy.
 * Other recordings in the same formats can be run that way, so suites assume no names and no counts.
 */
const named = process.env['FALCON_VECTORS']
export const vectorFolder =
  named === undefined || named === ''
    ? join(projectRoot, 'test/vectors')
    : isAbsolute(named)
      ? named
      : resolve(process.cwd(), named)

/** Reads one recording, for example `semantic/ring.json`. Throws when it is missing: no suite is skipped silently. */
export function loadVectors<T>(path: string): T {
  return JSON.parse(readFileSync(join(vectorFolder, path), 'utf8')) as T
}

/** Reads the bytes of one recording, for example `wire/agent-hbs.c2s.bin`. */
export function loadVectorBytes(path: string): Buffer {
  return readFileSync(join(vectorFolder, path))
}
