import { hostname } from 'node:os'
import { projectRoot, runLean, version } from '#lib/module'
import { startAgent } from '../agent.ts'
import { openPlatform } from '../platform/platform.ts'
import { readConfigApart } from '../read-config.ts'

/** Runs the agent until it is told to stop. */
export async function run(): Promise<void> {
  const platform = await openPlatform(process.env)
  let file: string | undefined
  await runLean({
    name: 'agent',
    read(chosen) {
      file = chosen
      return readConfigApart(chosen)
    },
    start: (config, log) =>
      startAgent(config, log, {
        root: projectRoot,
        platform,
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
        readConfig: async () => (await readConfigApart(file)).value,
        exit: () => process.kill(process.pid, 'SIGTERM'),
      }),
  })
}

/** What scripts usually need of the environment, and nothing else: it may hold secrets of whoever started us. */
function childEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const wanted = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR']
  return Object.fromEntries(wanted.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
}
