import { setFlagsFromString } from 'node:v8'
import type { ServiceAction } from './commands/service.ts'

// The optimizing compiler takes more memory than it could ever win back for a process that works a second a day.
// It has to be told before there is anything to compile, hence everything else is imported below.
setFlagsFromString('--no-opt')

type Command = (argv: string[]) => Promise<number | void>

const service =
  (action: ServiceAction): Command =>
  async (argv) =>
    (await import('./commands/service.ts')).orderService(action, argv)
const check: Command = async (argv) => (await import('./commands/check.ts')).runCheck(argv)
const help: Command = async () => void process.stdout.write((await import('./commands/help.ts')).usage)
const showVersion: Command = async () => void process.stdout.write(`${(await import('#lib/module')).version}\n`)

/** What the first argument may ask for. Each resolves to the exit code, or to nothing when it goes on or is done. */
const commands: Readonly<Record<string, Command>> = {
  run: async (argv) => (await import('./commands/run.ts')).run(argv),
  install: service('install'),
  uninstall: service('uninstall'),
  start: service('start'),
  stop: service('stop'),
  restart: service('restart'),
  status: async (argv) => (await import('./commands/status.ts')).showStatus(argv),
  check: async (argv) => (await import('./commands/check.ts')).checkOne(argv),
  flare: async (argv) => (await import('./commands/flare.ts')).makeFlare(argv),
  version: showVersion,
  '--version': showVersion,
  help,
  '--help': help,
  // For whoever keeps the agent running.
  'run-service': async (argv) => (await import('./commands/run-service.ts')).runService(argv),
  supervise: async (argv) => (await import('./commands/supervise.ts')).supervise(argv),
  // For `readConfigApart`.
  '--print-config': async (argv) => (await import('./commands/print-config.ts')).printConfig(argv),
  '--check': check,
  // Falcon: as the original spells it.
  '-check': check,
}

void main(process.argv.slice(2))

async function main(argv: string[]): Promise<void> {
  // A command that is spelled as an option may stand behind others, as `agent --config FILE --check`.
  const at = argv.findIndex((word, place) => Object.hasOwn(commands, word) && (place === 0 || word.startsWith('-')))
  const [first] = argv
  if (at < 0 && first !== undefined && !first.startsWith('-')) {
    process.stderr.write(`agent: there is no command "${first}"\n\n${(await import('./commands/help.ts')).usage}`)
    process.exitCode = 2
    return
  }
  const command = commands[argv[at] ?? 'run']
  const code = await command?.(at < 0 ? argv : argv.toSpliced(at, 1))
  if (code !== undefined) process.exitCode = code
}
