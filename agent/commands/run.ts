import type { LogOutput } from '#lib/log'
import { projectRoot, runLean, version } from '#lib/module'
import { startAgent } from '../agent.ts'
import { hostRootOf, systemName } from '../platform/host-root.ts'
import { openPlatform } from '../platform/open-platform.ts'
import type { Platform } from '../platform/platform.ts'
import { readConfigApart } from '../read-config.ts'

/** What whoever runs the agent wants beside. */
export interface RunOptions {
  /** Where the log goes in place of stdout. */
  readonly output?: LogOutput
  readonly onStarted?: () => void
}

/** Runs the agent until it is told to stop. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<void> {
  let platform: Platform | undefined
  endInSpiteOf(() => platform?.host.unanswered() ?? [])
  let file: string | undefined
  await runLean({
    name: 'agent',
    argv,
    output: options.output,
    read(chosen) {
      file = chosen
      return readConfigApart(chosen)
    },
    async start(config, log) {
      const hostRoot = hostRootOf(config, process.env)
      platform = await openPlatform(hostRoot)
      const running = await startAgent(config, log, {
        root: projectRoot,
        platform,
        systemName: systemName(hostRoot),
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
        // On Windows a real signal would end the process on the spot.
        exit(code) {
          if (code !== undefined) process.exitCode = code
          process.emit('SIGTERM')
        },
        collectGarbage: async () => (await import('../limits/garbage.ts')).collectGarbage(),
      })
      options.onStarted?.()
      return running
    },
  })
}

/**
 * A thread that waits for a dead file system never ends, and Node, once all is stopped and written, would wait for it before
 * it leaves. So then the process ends itself the hard way.
 */
function endInSpiteOf(unanswered: () => readonly string[]): void {
  process.on('exit', () => {
    if (unanswered().length > 0) process.kill(process.pid, 'SIGKILL')
  })
}

/** What scripts usually need of the environment, and nothing else: it may hold secrets of whoever started us. */
function childEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const unix = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR']
  // Without most of these, programs of Windows do not even start.
  const windows = ['PATH', 'PATHEXT', 'SystemRoot', 'SystemDrive', 'windir', 'ComSpec', 'TEMP', 'TMP', 'USERPROFILE']
  const windowsFolders = ['APPDATA', 'LOCALAPPDATA', 'ProgramData', 'ProgramFiles', 'ProgramFiles(x86)', 'USERNAME']
  const wanted = process.platform === 'win32' ? [...windows, ...windowsFolders] : unix
  return Object.fromEntries(wanted.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
}
