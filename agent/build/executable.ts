import { execFile } from 'node:child_process'
import { chmodSync, copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { projectRoot } from '#lib/module'
import { withoutSignature } from './signature.ts'

const run = promisify(execFile)
const postject = join(projectRoot, 'node_modules/postject/dist/cli.js')
/** By which Node finds that it carries a program. */
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

export interface Parts {
  /** The bundled program. */
  readonly main: string
  /** Node for the system that the executable is for. */
  readonly node: string
  /** Name to file. */
  readonly assets: Readonly<Record<string, string>>
}

/**
 * Puts a program and what it needs into a copy of Node. `builder` is a Node of the same version that runs here; what is
 * left in `scratch` may be thrown away.
 */
export async function makeExecutable(parts: Parts, builder: string, output: string, scratch: string): Promise<void> {
  const blob = join(scratch, 'program.blob')
  const settings = join(scratch, 'program.json')
  // By this name it stands in stack traces, whoever builds it and wherever.
  copyFileSync(parts.main, join(scratch, 'agent.cjs'))
  writeFileSync(
    settings,
    JSON.stringify({
      main: 'agent.cjs',
      output: blob,
      disableExperimentalSEAWarning: true,
      useSnapshot: false,
      useCodeCache: false,
      assets: parts.assets,
    }),
  )
  await run(builder, ['--experimental-sea-config', settings], { cwd: scratch })
  const unfinished = join(scratch, 'executable')
  writeFileSync(unfinished, withoutSignature(readFileSync(parts.node)))
  // By a process of its own: it says much that means nothing, and is heard only when it fails.
  await run(process.execPath, [postject, unfinished, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', fuse])
  // Copied, not moved: pages of a file that was written in one piece take a fifth more memory when it is run.
  rmSync(output, { force: true })
  copyFileSync(unfinished, output)
  chmodSync(output, 0o755)
}
