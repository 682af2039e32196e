import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { version } from '#lib/module'
import { gatherFlare } from '../flare/gather.ts'
import { tarGz } from '../flare/tar.ts'
import { readCommandLine } from './own-settings.ts'

/**
 * `agent flare [FILE] [--config FILE]`: writes what is needed to find out what is wrong with this agent into one file for
 * whoever is asked for help. Resolves to the exit code: 0 written, 1 not, 2 for bad arguments or a bad configuration.
 */
export async function makeFlare(argv: readonly string[]): Promise<number> {
  const line = await readCommandLine(argv, 'agent flare [FILE] [--config FILE]', 1)
  if (!line) return 2
  const nowMs = Date.now()
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const path = resolve(line.words[0] ?? `agent-flare-${hostname()}-${stamp}.tar.gz`)
  const { files, missing } = await gatherFlare(line.loaded)
  const manifest = {
    made: new Date(nowMs).toISOString(),
    version,
    note: 'What looks like a secret, the arguments of plugins and the options of checks are ***. No values of environment variables.',
    missing,
    files: files.map(({ name, data }) => ({
      name,
      bytes: data.length,
      sha256: createHash('sha256').update(data).digest('hex'),
    })),
  }
  const first = { name: 'manifest.json', data: Buffer.from(JSON.stringify(manifest, null, 2)) }
  try {
    writeFileSync(path, tarGz([first, ...files], nowMs), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    process.stderr.write(`agent: Cannot write the flare: ${(error as Error).message}\n`)
    return 1
  }
  const names = files.map(({ name }) => name).join(' ')
  process.stdout.write(`${path}\n  holds ${names}\n`)
  for (const reason of missing) process.stdout.write(`  without ${reason}\n`)
  return 0
}
