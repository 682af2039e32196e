import { hostname } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { parseArgs } from 'node:util'

// The optimizing compiler takes more memory than it could ever win back for a process that works a second a day.
// It has to be told before there is anything to compile, hence everything else is imported below.
setFlagsFromString('--no-opt')
const { printConfigFlag, readConfigApart, readOwnConfig } = await import('./read-config.ts')

// Open-Falcon's agent spells it `-check`.
const argv = process.argv.slice(2).map((word) => (word === '-check' ? '--check' : word))
if (argv.includes(printConfigFlag)) process.exitCode = await printConfig()
else if (argv.includes('--check')) process.exitCode = await check()
else await serve()

async function serve(): Promise<void> {
  const { projectRoot, runLean, version } = await import('#lib/module')
  const { startAgent } = await import('./agent.ts')
  const host = await linuxHost()
  // A debugger's port is taken already.
  const execArgv = process.execArgv.filter((word) => !word.startsWith('--inspect'))
  const command = [process.execPath, ...execArgv, process.argv[1] ?? '']
  await runLean({
    name: 'agent',
    read: (chosen) => readConfigApart(command, chosen),
    start: (config, log, configFile) =>
      startAgent(config, log, {
        root: projectRoot,
        host,
        systemName: hostname(),
        endpointFromEnvironment: process.env['FALCON_ENDPOINT'],
        childEnv: childEnvironment(process.env),
        version,
        use: () => {
          const { user, system } = process.cpuUsage()
          return { cpuSeconds: (user + system) / 1e6, rssBytes: process.memoryUsage.rss() }
        },
        now: Date.now,
        random: Math.random,
        readConfig: async () => (await readConfigApart(command, configFile)).value,
        exit: () => process.kill(process.pid, 'SIGTERM'),
      }),
  })
}

async function check(): Promise<number> {
  const { runCheck } = await import('./show/check.ts')
  return runCheck({
    argv,
    host: await linuxHost(),
    print: (text) => process.stdout.write(text),
    complain: (text) => process.stderr.write(text),
  })
}

/** For `readConfigApart`: the configuration as JSON, or on stderr what is wrong with it and code 2. */
async function printConfig(): Promise<number> {
  const options = { 'print-config': { type: 'boolean' }, config: { type: 'string' } } as const
  try {
    const loaded = await readOwnConfig(parseArgs({ args: argv, options }).values.config)
    process.stdout.write(JSON.stringify(loaded))
    return 0
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    return (error as Error).name === 'ConfigError' ? 2 : 1
  }
}

/** `NUX_ROOTFS` is where the root of the watched host is mounted, when this runs in a container. */
async function linuxHost() {
  const { createLinuxHost } = await import('./host/linux.ts')
  const root = process.env['NUX_ROOTFS']
  return createLinuxHost({ root: root === undefined || root === '' ? '/' : root })
}

/** What scripts usually need of the environment, and nothing else: it may hold secrets of whoever started us. */
function childEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const wanted = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR']
  return Object.fromEntries(wanted.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
}
