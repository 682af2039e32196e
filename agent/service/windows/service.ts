import { setTimeout as sleep } from 'node:timers/promises'
import { projectRoot } from '#lib/module'
import { ownCommand } from '../../own-command.ts'
import type { Outcome, Service } from '../service.ts'
import { Win32Error, errors, openServiceManager, states } from './scm.ts'
import type { ServiceManager, ServiceStatus } from './scm.ts'

export const serviceName = 'FalconAgent'

const startsWithinMs = 40_000
const stopsWithinMs = 30_000
const lookEveryMs = 100

const words: Readonly<Record<number, string>> = {
  [states.stopped]: 'stopped',
  [states.startPending]: 'starting',
  [states.stopPending]: 'stopping',
  [states.running]: 'running',
}

export async function openWindowsService(): Promise<Service> {
  return createWindowsService(await openServiceManager())
}

/** The agent as a service of Windows. */
export function createWindowsService(manager: ServiceManager): Service {
  /** Undefined when it is not installed. */
  function status(): ServiceStatus | undefined {
    try {
      return manager.status(serviceName)
    } catch (error) {
      if (isError(error, errors.missing)) return undefined
      throw error
    }
  }

  async function reaches(wanted: (status: ServiceStatus | undefined) => boolean, withinMs: number): Promise<boolean> {
    for (const until = Date.now() + withinMs; !wanted(status());) {
      if (Date.now() > until) return false
      await sleep(lookEveryMs)
    }
    return true
  }

  async function stop(): Promise<Outcome> {
    try {
      manager.stop(serviceName)
    } catch (error) {
      if (isError(error, errors.notRunning)) return { ok: true, text: 'was not running' }
      if (isError(error, errors.missing)) return { ok: true, text: 'is not installed' }
      throw error
    }
    return (await reaches((now) => now?.state === states.stopped, stopsWithinMs))
      ? { ok: true, text: 'stopped' }
      : { ok: false, text: `has not stopped within ${stopsWithinMs / 1000} s; see logs\\agent.log in ${projectRoot}` }
  }

  const plainly =
    <A extends unknown[]>(order: (...args: A) => Promise<Outcome>) =>
    (...args: A): Promise<Outcome> =>
      order(...args).catch((error: unknown) => ({ ok: false, text: sentenceOf(error) }))

  return {
    install: plainly(async (args) => {
      const settings = {
        displayName: 'Falcon Agent',
        description: 'Collects the metrics of this host and sends them to the monitoring system.',
        command: commandLine([...ownCommand(), 'run-service', ...args]),
        restartAfterMs: [5000, 5000, 30_000],
      } as const
      const existed = status() !== undefined
      const refused = existed ? manager.change(serviceName, settings) : manager.create(serviceName, settings)
      const text = existed
        ? `was installed already as ${serviceName} and is brought up to date; that counts after: agent restart`
        : `installed as ${serviceName}; start it with: agent start`
      return {
        ok: true,
        text: refused.length === 0 ? text : `${text}. This Windows does not support ${refused.join(', ')}`,
      }
    }),
    uninstall: plainly(async () => {
      if (status() === undefined) return { ok: true, text: 'is not installed' }
      const stopped = await stop()
      if (!stopped.ok) return stopped
      manager.remove(serviceName)
      return { ok: true, text: `${serviceName} is stopped and removed; its files stay in ${projectRoot}` }
    }),
    start: plainly(async () => {
      try {
        manager.start(serviceName)
      } catch (error) {
        if (!isError(error, errors.running)) throw error
        return { ok: true, text: `is already running (pid ${status()?.pid ?? 'unknown'})` }
      }
      const settled = await reaches(
        (now) => now?.state === states.running || now?.state === states.stopped,
        startsWithinMs,
      )
      const now = status()
      return settled && now?.state === states.running
        ? { ok: true, text: `started (pid ${now.pid})` }
        : { ok: false, text: `did not start; logs\\agent.log in ${projectRoot} tells why` }
    }),
    stop: plainly(stop),
    async state() {
      const now = status()
      if (!now) return { installed: false, running: false, text: 'not installed; install it with: agent install' }
      const running = now.state === states.running
      const end = now.state === states.stopped && now.exitCode !== 0 ? `, it ended with ${now.exitCode}` : ''
      return {
        installed: true,
        running,
        ...(running && { pid: now.pid }),
        text: `${words[now.state] ?? `in state ${now.state}`} as service ${serviceName}${running ? `, pid ${now.pid}` : end}`,
      }
    },
  }
}

function isError(error: unknown, code: number): boolean {
  return error instanceof Win32Error && error.code === code
}

/** What a person can do about it. */
function sentenceOf(error: unknown): string {
  if (isError(error, errors.accessDenied))
    return 'this needs an administrator: open the command prompt with "Run as administrator" and try again'
  if (isError(error, errors.missing)) return 'is not installed; install it with: agent install'
  if (isError(error, errors.removing))
    return 'Windows is still removing the service: close the windows that show it (Services, Task Manager) and try again'
  return (error as Error).message
}

/** As Windows splits it again: quotes around each word, backslashes doubled where a quote follows. */
export function commandLine(args: readonly string[]): string {
  return args
    .map(
      (word) =>
        `"${word.replace(/(\\*)("|$)/g, (_, slashes: string, quote: string) => slashes + slashes + (quote && '\\"'))}"`,
    )
    .join(' ')
}
