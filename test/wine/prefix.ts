import { execFile } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { projectRoot } from '#lib/module'

const run = promisify(execFile)

/** The environment in which `wine` is a Windows of ours. It is kept between runs in `dist-agent`: making it takes ten seconds. */
export async function winePrefix(): Promise<NodeJS.ProcessEnv & { readonly WINEPREFIX: string }> {
  const prefix = join(projectRoot, 'dist-agent/wine')
  const env = environment(prefix)
  await prepare(prefix, env)
  return { ...env, WINEPREFIX: prefix }
}

function environment(prefix: string): NodeJS.ProcessEnv {
  const { DISPLAY: _, ...env } = process.env
  return {
    ...env,
    WINEPREFIX: prefix,
    WINEARCH: 'win64',
    WINEDEBUG: '-all',
    // Neither .NET nor a browser is needed, and asking for them would wait for a click.
    WINEDLLOVERRIDES: 'mscoree=;mshtml=',
  }
}

async function prepare(prefix: string, env: NodeJS.ProcessEnv): Promise<void> {
  if (existsSync(join(prefix, 'ready'))) return
  // Of an attempt that ended halfway.
  rmSync(prefix, { recursive: true, force: true })
  try {
    await run('wine', ['wineboot', '-i'], { env })
    // Node refuses the Windows 7 that Wine is by itself.
    await run('wine', ['winecfg', '-v', 'win10'], { env })
    await run('wineserver', ['-w'], { env })
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'wine is not installed' : (error as Error).message
    throw new Error(`Cannot test on Windows: ${why}`, { cause: error })
  }
  writeFileSync(join(prefix, 'ready'), '')
}
