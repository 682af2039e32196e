import { isAbsolute, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ConfigError, loadConfig } from '#lib/config'
import { projectRoot } from '#lib/module'
import { formatTable } from '#lib/table'
import { graphQueryConfig } from './config.ts'
import type { GraphQueryConfig } from './config.ts'
import { siblingsOf } from './cluster.ts'
import { readMark, writeMark } from './resync/history-mark.ts'
import { backupStore } from './store/backup.ts'
import { lockFolder } from './store/lock.ts'
import { restoreStore } from './store/restore.ts'
import { putAside, verifyStore } from './store/verify.ts'
import type { Verification } from './store/verification.ts'

const usage = `Usage: graph-query verify [DIR] [--deep] | backup TARGET | restore SOURCE [--force] | resync   [--config FILE]

  verify   read every block of the store, whether its process runs or not, and change nothing; exit code 1 when damaged
           --deep compares all rows of archives with what they were made from, not a sample
  backup   copy the store, while it runs or not; into a folder with an earlier backup only what is new is copied
  restore  make the store of a backup, for a graph-query that does not run; --force puts aside what is there
  resync   have the store copied from another copy of this node at the next start; what it has stored itself is kept
`

const names = ['verify', 'backup', 'restore', 'resync'] as const
type Name = (typeof names)[number]

export function isStoreCommand(word: string | undefined): word is Name {
  return names.some((name) => name === word)
}

/** Runs one command and gives the exit code: 0 done, 1 damaged or failed, 2 bad arguments or configuration. */
export async function runStoreCommand(argv: readonly string[], now: () => number = Date.now): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        config: { type: 'string', short: 'c' },
        deep: { type: 'boolean', default: false },
        force: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    const [name, folder, ...more] = positionals
    const missing = !isStoreCommand(name) || (['backup', 'restore'].includes(name) && folder === undefined)
    if (values.help || missing || more.length > 0 || (name === 'resync' && folder !== undefined)) {
      process.stderr.write(usage)
      return values.help ? 0 : 2
    }
    const config = configFrom(values.config)
    const { dir } = config.storage
    const store = isAbsolute(dir) ? dir : join(projectRoot, dir)
    if (name === 'verify') return await verify(resolve(folder ?? store), config, values.deep)
    if (name === 'resync') return await wantResync(store, config)
    if (name === 'backup') return await backup(store, resolve(folder ?? ''), now)
    return await restore(resolve(folder ?? ''), store, values.force, now)
  } catch (error) {
    process.stderr.write(`graph-query: ${(error as Error).message}\n`)
    const { code } = error as NodeJS.ErrnoException
    return error instanceof ConfigError || code?.startsWith('ERR_PARSE_ARGS') ? 2 : 1
  }
}

function configFrom(chosen: string | undefined): GraphQueryConfig {
  const folder = join(projectRoot, 'graph-query')
  return chosen === undefined
    ? loadConfig(graphQueryConfig, join(folder, 'cfg.json'), join(folder, 'cfg.example.json')).value
    : loadConfig(graphQueryConfig, chosen).value
}

async function verify(dir: string, { storage }: GraphQueryConfig, deep: boolean): Promise<number> {
  // Held while it is read, so that nothing starts in between; when another process holds it, that one is running.
  const unlock = await lockFolder(dir).catch((error: Error) => {
    if (/another running process/.test(error.message)) return undefined
    throw error
  })
  try {
    const found = verifyStore({
      dir,
      archives: storage.archives,
      rawRetentionSeconds: storage.rawDays * 86_400,
      live: unlock === undefined,
      deep,
      progress: createProgress(),
    })
    process.stdout.write(reportOf(dir, found, unlock === undefined))
    return found.damages.length > 0 ? 1 : 0
  } finally {
    await unlock?.()
  }
}

function reportOf(dir: string, found: Verification, live: boolean): string {
  const counts = [found.files, found.blocks, found.bytes, found.series, found.points, found.compared]
  const lines = [
    `${dir}${live ? ' (its process is running)' : ''}`,
    formatTable(
      ['files', 'blocks', 'bytes', 'series', 'points', 'rows compared', 'damaged'],
      [[...counts, found.damages.length].map(String)],
    ),
  ]
  if (found.damages.length > 0) {
    const rows = found.damages.map(({ file, where, lost }) => [file, where, lost])
    lines.push('', formatTable(['file', 'damaged', 'lost'], rows))
    lines.push(
      '',
      'The rest is intact and is answered. What is lost comes back from a replica or a backup only: stop the node,',
      '"./control restore SOURCE --force", start it. Without one it can go on as it is; look for a failing disk first.',
    )
  }
  const aside = putAside(dir)
  if (aside.length > 0) lines.push('', `Put aside by an earlier start, and not read: ${aside.join(', ')}`)
  for (const note of found.notes) lines.push('', note)
  return `${lines.join('\n')}\n`
}

async function backup(dir: string, target: string, now: () => number): Promise<number> {
  const { files, bytes, kept } = await backupStore(dir, target, now, createProgress())
  process.stdout.write(
    `${target} is a whole backup of ${dir}: ${files} files, ${bytes} bytes; ${kept} segments were there already\n`,
  )
  return 0
}

async function restore(source: string, dir: string, force: boolean, now: () => number): Promise<number> {
  const { files, bytes, begun, replaced } = await restoreStore(source, dir, { force, now, progress: createProgress() })
  const since = new Date(begun * 1000).toISOString()
  process.stdout.write(`${dir} is restored: ${files} files, ${bytes} bytes, with all that was stored before ${since}\n`)
  if (replaced !== undefined) process.stdout.write(`What was there before is in ${replaced}\n`)
  return 0
}

async function wantResync(dir: string, config: GraphQueryConfig): Promise<number> {
  const siblings = siblingsOf(config)
  if (siblings.length === 0) throw new Error('Cannot copy from another copy of this node: `cluster` names none')
  const unlock = await lockFolder(dir)
  try {
    await writeMark(dir, { ...readMark(dir), wanted: true })
  } finally {
    await unlock()
  }
  process.stdout.write(
    `At its next start this node copies the store of ${siblings.join(' or ')}, whichever knows more. What ${dir} holds is then put to it\n`,
  )
  return 0
}

/** Tells on the terminal how far long work is, about once a second. */
function createProgress(): (text: string) => void {
  let told = performance.now()
  return (text) => {
    if (performance.now() - told < 1000) return
    told = performance.now()
    process.stderr.write(`${text}\n`)
  }
}
