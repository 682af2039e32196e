import { hostname } from 'node:os'
import { loadConfig } from '#lib/config'
import { projectRoot, runModule, version } from '#lib/module'
import { startAgent } from './agent.ts'
import { agentConfig } from './config.ts'
import { createLinuxHost } from './host/linux.ts'

const rootFs = process.env['NUX_ROOTFS']
const host = createLinuxHost({
  root: rootFs === undefined || rootFs === '' ? '/' : rootFs,
  threads: Number(process.env['UV_THREADPOOL_SIZE'] ?? 4) || 4,
})

// Leaving waits for threads that a dead file system holds, possibly for ever: then only the kernel can end us.
process.on('exit', () => {
  const unanswered = host.unanswered()
  if (unanswered.length === 0) return
  process.stderr.write(`agent: killing itself, no answer from ${unanswered.join(', ')}\n`)
  process.kill(process.pid, 'SIGKILL')
})

if (wantsCheck(process.argv.slice(2))) {
  const { runCheck } = await import('./show/check.ts')
  process.exitCode = await runCheck({
    argv: process.argv.slice(2).map((word) => (word === '-check' ? '--check' : word)),
    host,
    print: (text) => process.stdout.write(text),
    complain: (text) => process.stderr.write(text),
  })
  if (host.unanswered().length > 0) process.exit()
} else {
  await runModule({
    name: 'agent',
    schema: agentConfig,
    async start(config, log, configFile) {
      return startAgent(config, log, {
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
        readConfig: () => loadConfig(agentConfig, configFile).value,
        exit: () => process.kill(process.pid, 'SIGTERM'),
      })
    },
  })
}

/** Open-Falcon's agent spells it `-check`. */
function wantsCheck(argv: string[]): boolean {
  return argv.includes('--check') || argv.includes('-check')
}

/** What scripts usually need of the environment, and nothing else: it may hold secrets of whoever started us. */
function childEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const wanted = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR']
  return Object.fromEntries(wanted.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
}
