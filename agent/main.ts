import { setFlagsFromString } from 'node:v8'

// The optimizing compiler takes more memory than it could ever win back for a process that works a second a day.
// It has to be told before there is anything to compile, hence everything else is imported below.
setFlagsFromString('--no-opt')

/** What the first argument may ask for instead of running the agent. Each resolves to the exit code. */
const commands: Readonly<Record<string, (argv: string[]) => Promise<number>>> = {
  // For `readConfigApart`.
  '--print-config': async (argv) => (await import('./commands/print-config.ts')).printConfig(argv),
  '--check': async (argv) => (await import('./commands/check.ts')).runCheck(argv),
  // Falcon: as the original spells it.
  '-check': async (argv) => (await import('./commands/check.ts')).runCheck(argv),
}

void main(process.argv.slice(2))

async function main(argv: string[]): Promise<void> {
  const at = argv.findIndex((word) => Object.hasOwn(commands, word))
  const command = commands[argv[at] ?? '']
  if (command) process.exitCode = await command(argv.toSpliced(at, 1))
  else await (await import('./commands/run.ts')).run()
}
