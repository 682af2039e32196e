import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isWindows } from './command.ts'
import type { Plugin } from './plan.ts'

/** A file name takes 255 bytes; this leaves room for what is around the arguments. */
const maxArgBytes = 100

/** Where what a plugin writes to stderr can be read: `<logs>/<path>(<args>).stderr.log`, with no slash out of the arguments. */
export function stderrLogPath(logs: string, plugin: Plugin): string {
  const unfit = isWindows ? /[\\/:*?"<>|]/g : /\//g
  const args = Buffer.from(plugin.Args.replaceAll(unfit, '_')).subarray(0, maxArgBytes).toString()
  return join(logs, `${plugin.FilePath}(${args}).stderr.log`)
}

/** Keeps the stderr of the last run that wrote any; earlier ones are replaced, so that the file stays small. */
export async function writeStderrLog(logs: string, plugin: Plugin, stderr: Buffer): Promise<void> {
  const path = stderrLogPath(logs, plugin)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, stderr)
}
