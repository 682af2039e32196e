import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, watchFile } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { parseListen } from '#lib/config'
import { createLogger } from '#lib/log'
import { showLedger } from '#lib/ledger'
import { projectRoot } from '#lib/module'
import { applySchema, openDatabase, runStatement } from '#lib/sql'
import type { Database } from '#lib/sql'
import { askSupervisor, createSupervisor, lastLines, serveSupervisor, statusTable } from '#lib/supervise'
import type { Answer, ModuleSpec, ModuleStatus, Request } from '#lib/supervise'
import { formatTable } from '#lib/table'

/** In the order in which they start, so that each finds those it talks to; they stop in the reverse order. */
const modules = ['hbs', 'graph-query', 'alarm', 'judge', 'transfer', 'agent'] as const

/** Names under which Open-Falcon's control knows a module or an action. */
const otherNames: Record<string, string> = { graph: 'graph-query', check: 'status', monitor: 'tail' }

const usage = `Usage: ./control start|stop|restart|reload|status|tail [module...] | ledger | schema | sql STATEMENT
       ./control agent status|check [NAME [TAGS]]|flare
       ./control verify [DIR] [--deep] | backup TARGET | restore SOURCE [--force] | resync

  start     start the modules (all when none is named) and wait until each is healthy
  stop      stop them; nothing stays behind
  restart   stop, then start
  reload    read the configuration again; the module's log says what was applied
  status    what runs: pid, uptime, memory, ports, waiting samples; exit code 1 when something is down
  tail      follow the logs
  schema    make the portal tables that are missing in hbs' database; what exists stays as it is
  ledger [--since 1h] [--endpoint X] [--from HOST:PORT]...
            what was received, passed on, held and lost, hop by hop
  sql TEXT  run one statement on hbs' database and show its rows
  agent     what the agent says of itself; one collector or check, sending nothing; a file that helps to find out what is
            wrong, without secrets
  verify    read every block of graph-query's store, running or not; exit code 1 when something is damaged
  backup    copy the store, running or not; again into the same folder copies only what is new
  restore   make the store of a backup; graph-query must not run
  resync    have graph-query, which must not run, copy the store of another copy of its node at its next start

Modules: ${modules.join(' ')}
`

// Paths stay relative to the project, since a socket's path may hold only 107 bytes.
process.chdir(projectRoot)
const runDir = 'var/run'
const logDir = 'var/log'
const socketPath = join(runDir, 'control.sock')

// `./control status | head -1` closes the pipe early; what was asked for goes on.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`control: ${sentenceOf(error as NodeJS.ErrnoException)}\n`)
  process.exitCode = 1
}

async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === 'sql') return showRows(argv.slice(1).join(' '))
  if (argv[0] === 'ledger') return ledger(argv.slice(1))
  if (argv[0] === 'schema') return withPortalTables(makeTables)
  if (argv[0] === 'agent') return runModule('agent', argv.slice(1), process.env['FALCON_FROM'])
  if (['verify', 'backup', 'restore', 'resync'].includes(argv[0] ?? '')) return onStore(argv)
  const [action = '', ...named] = argv.map((word) => otherNames[word] ?? word)
  const unknown = named.filter((name) => !modules.some((module) => module === name))
  if (unknown.length > 0) {
    process.stderr.write(
      `control: there is no module "${unknown.join('", "')}"; the modules are ${modules.join(', ')}\n`,
    )
    return 2
  }
  const chosen = named.length > 0 ? modules.filter((module) => named.includes(module)) : [...modules]
  switch (action) {
    case 'start':
    case 'stop':
    case 'restart':
    case 'reload':
      return order({ action, modules: chosen })
    case 'status':
      return showStatus()
    case 'tail':
      return tail(chosen)
    case 'supervise':
      return supervise()
    default:
      process.stderr.write(usage)
      return action === '' || action === 'help' || action === '--help' ? 0 : 2
  }
}

/** Hands an order to the supervisor, starting one first when none runs. */
async function order(request: Request): Promise<number> {
  mkdirSync(runDir, { recursive: true })
  mkdirSync(logDir, { recursive: true })
  const show = (answer: { module: string; ok: boolean; text: string }) => {
    const line = `${answer.ok ? ' ok ' : 'FAIL'}  ${answer.module.padEnd(12)} ${answer.text}\n`
    ;(answer.ok ? process.stdout : process.stderr).write(line)
  }
  let end = await askSupervisor(socketPath, request, show)
  for (let tries = 0; end === undefined && tries < 100; tries++) {
    if (tries === 0) launchSupervisor()
    await sleep(100)
    end = await askSupervisor(socketPath, request, show)
  }
  if (end === undefined) throw new Error(`The supervisor did not come up; see ${join(logDir, 'control.log')}`)
  if (end.ok && request.action === 'start') process.stdout.write(afterStart(end.statuses))
  return end.ok ? 0 : 1
}

function launchSupervisor(): void {
  const output = openSync(join(logDir, 'control.log'), 'a')
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), 'supervise'], {
    cwd: projectRoot,
    detached: true,
    stdio: ['ignore', output, output],
  })
  child.unref()
  closeSync(output)
}

function afterStart(statuses: readonly ModuleStatus[]): string {
  if (statuses.some((status) => !status.healthy)) return ''
  return `\nEverything runs. This host's metrics arrive within two minutes:
  ./control status
  curl -s -d '[{"endpoint":"test","metric":"demo","value":1,"step":60,"counterType":"GAUGE","tags":"","timestamp":'$(date +%s)'}]' 127.0.0.1:1988/v1/push
  curl -s '127.0.0.1:9966/api/v1/graph/endpoint?q=.'
`
}

/** The process behind `start`: lives as long as a module runs. */
async function supervise(): Promise<number> {
  const log = createLogger('control')
  const supervisor = createSupervisor({ specs: modules.map(specOf), cwd: projectRoot, runDir, logDir, log })
  const server = await serveSupervisor(socketPath, async (request, progress): Promise<Answer> => {
    let ok = true
    const tell = (name: string, outcome: { ok: boolean; text: string }) => {
      ok &&= outcome.ok
      progress(name, outcome.ok, outcome.text)
    }
    const backwards = request.modules.toReversed()
    const attempt = (work: Promise<{ ok: boolean; text: string }>) =>
      work.catch((error: NodeJS.ErrnoException) => ({ ok: false, text: sentenceOf(error) }))
    if (request.action === 'stop' || request.action === 'restart')
      for (const name of backwards) tell(name, await attempt(supervisor.stop(name)))
    if (request.action === 'start' || request.action === 'restart')
      for (const name of request.modules) tell(name, await attempt(supervisor.start(name)))
    if (request.action === 'reload') for (const name of request.modules) tell(name, supervisor.reload(name))
    if (request.action === 'stop' && supervisor.idle()) leaveSoon()
    return { kind: 'end', ok, statuses: await supervisor.status() }
  })
  const done = new Promise<number>((resolve) => {
    server.on('close', () => resolve(0))
  })
  const leaveSoon = () => {
    supervisor.close()
    server.close()
  }
  // The modules go on without it; the next start or stop finds them by their pid files.
  process.on('SIGTERM', leaveSoon)
  process.on('SIGHUP', () => log.info('a supervisor has nothing to reload'))
  return done
}

/** Reads just what is needed to see a module's health; the module itself checks its whole configuration. */
function specOf(name: string): ModuleSpec {
  const healthPort = httpPortOf(name)
  const argv = [join('dist', name, 'main.js')]
  return healthPort === undefined ? { name, argv } : { name, argv, healthPort }
}

interface ReadAnyway {
  readonly database?: string
  readonly dir?: string
  readonly dataDir?: string
  readonly spool?: { readonly dir?: string }
  readonly storage?: { readonly dir?: string }
  readonly http?: { readonly enabled?: boolean; readonly listen?: string }
}

/** A module's configuration as far as it is needed here; the module itself checks all of it when it starts. */
function configOf(name: string): ReadAnyway {
  for (const file of [join(name, 'cfg.json'), join(name, 'cfg.example.json')]) {
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as ReadAnyway
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue
      return {} // Not JSON: the module says so itself when it starts.
    }
  }
  return {}
}

function httpPortOf(name: string): number | undefined {
  const { http } = configOf(name)
  return http?.enabled === false ? undefined : parseListen(http?.listen ?? '')?.port
}

async function withPortalTables(work: (database: Database) => Promise<void>): Promise<number> {
  const dsn = configOf('hbs').database
  if (dsn === undefined) throw new Error('hbs/cfg.json names no database')
  const database = openDatabase(dsn)
  try {
    await work(database)
    return 0
  } finally {
    await database.close()
  }
}

async function makeTables(database: Database): Promise<void> {
  const files = await applySchema(database)
  process.stdout.write(`${database.name}: ${files.join(', ')} applied; tables that existed are as they were\n`)
}

function showRows(statement: string): Promise<number> {
  if (statement.trim() === '')
    throw new Error('sql needs a statement, for example: ./control sql "select * from strategy"')
  return withPortalTables(async (database) => {
    const { columns, rows, changed } = await runStatement(database, statement)
    if (columns.length === 0) process.stdout.write(changed === undefined ? 'no rows\n' : `${changed} rows changed\n`)
    else process.stdout.write(`${formatTable(columns, rows)}\n`)
  })
}

/** Of the modules on this machine: what they answer, or what the files of one that is down tell; then those `--from` elsewhere. */
async function ledger(argv: readonly string[]): Promise<number> {
  const options = {
    since: { type: 'string' },
    endpoint: { type: 'string' },
    from: { type: 'string', multiple: true },
  } as const
  const { since, endpoint, from } = parseArgs({ args: [...argv], options }).values
  const { text, problem } = await showLedger({
    sources: [
      ...modules.toReversed().flatMap((module) => {
        const dirs = ledgerDirsOf(module)
        const port = httpPortOf(module)
        return dirs === undefined ? [] : [{ module, dirs, ...(port !== undefined && { address: `127.0.0.1:${port}` }) }]
      }),
      ...(from ?? []).map((address) => ({ module: address, address })),
    ],
    since: since ?? '1h',
    endpoint,
    now: Date.now(),
  })
  process.stdout.write(text)
  if (problem !== undefined) process.stderr.write(`control: ${problem}\n`)
  return problem === undefined ? 0 : 2
}

/** hbs is not on the way of the samples. */
function ledgerDirsOf(module: string): string[] | undefined {
  const { dir, dataDir, spool, storage } = configOf(module)
  switch (module) {
    case 'agent':
      return [join(dataDir ?? 'var/agent', 'ledger')]
    case 'transfer':
      return ledgersOfTransfer(spool?.dir ?? 'var/transfer/spool')
    case 'judge':
      return [join(dir ?? 'var/judge', 'ledger')]
    case 'alarm':
      return [join(dir ?? 'var/alarm', 'ledger')]
    case 'graph-query':
      return [join(storage?.dir ?? 'var/graph-query', 'ledger')]
    default:
      return undefined
  }
}

/** That of its first process, and those of its workers. */
function ledgersOfTransfer(spoolDir: string): string[] {
  const names = existsSync(spoolDir) ? readdirSync(spoolDir) : []
  const workers = names.filter((name) => /^worker-\d+$/.test(name))
  return ['.', ...workers].map((name) => join(spoolDir, name, 'ledger'))
}

/** The work is graph-query's own; paths count from where the user stands. */
function onStore(argv: readonly string[]): Promise<number> {
  const standing = process.env['FALCON_FROM'] ?? projectRoot
  const words = argv.map((word, i) => (i === 0 || word.startsWith('-') ? word : resolve(standing, word)))
  return runModule('graph-query', words)
}

/** A command of a module, in a process of its own; paths in it count from `cwd`. */
function runModule(name: string, words: readonly string[], cwd = projectRoot): Promise<number> {
  const main = join(projectRoot, 'dist', name, 'main.js')
  const child = spawn(process.execPath, [main, ...words], { stdio: 'inherit', cwd })
  return new Promise((done, failed) => {
    child.once('error', failed)
    child.once('exit', (code) => done(code ?? 1))
  })
}

async function showStatus(): Promise<number> {
  const request: Request = { action: 'status', modules }
  const end = await askSupervisor(socketPath, request, () => undefined)
  // Without a supervisor, ask a fresh one that is never told to do anything: it finds what still runs.
  const statuses = end?.statuses ?? (await statusWithoutSupervisor())
  process.stdout.write(`${await statusTable(statuses, httpPortOf)}\n`)
  if (end === undefined && statuses.some((status) => status.pid !== undefined))
    process.stdout.write(
      'The supervisor is gone: nothing restarts a module that crashes. "./control start" brings it back.\n',
    )
  return statuses.every((status) => status.healthy) ? 0 : 1
}

async function statusWithoutSupervisor(): Promise<ModuleStatus[]> {
  const log = createLogger('control', { destination: { write: () => undefined } })
  const supervisor = createSupervisor({ specs: modules.map(specOf), cwd: projectRoot, runDir, logDir, log })
  try {
    return await supervisor.status()
  } finally {
    supervisor.close()
  }
}

/** Prints the last lines of each log and then what is added, until interrupted. */
function tail(chosen: readonly string[]): Promise<number> {
  for (const name of chosen) {
    const path = join(logDir, `${name}.log`)
    const print = (lines: readonly string[]) => {
      for (const line of lines) process.stdout.write(chosen.length > 1 ? `${name.padEnd(12)} ${line}\n` : `${line}\n`)
    }
    print(lastLines(path, 20))
    watchFile(path, { interval: 300 }, (now, before) => {
      if (now.size > before.size) print(lastLines(path, 1000, before.size))
      else if (now.size < before.size) print(lastLines(path, 1000))
    })
  }
  return new Promise((resolve) => {
    process.on('SIGINT', () => resolve(0))
    process.on('SIGTERM', () => resolve(0))
  }).then(() => process.exit(0))
}

function sentenceOf(error: NodeJS.ErrnoException): string {
  const at = error.path === undefined ? '' : ` (${error.path})`
  if (error.code === 'ENOSPC') return `The disk is full: nothing can be written under ${projectRoot}${at}`
  if (error.code === 'EROFS' || error.code === 'EACCES')
    return `Nothing can be written under ${projectRoot}${at}: ${error.code === 'EROFS' ? 'the file system is read-only' : 'permission denied'}`
  return error.message
}
