import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { projectRoot } from '#lib/module'
import type { Answer, Request } from '#lib/supervise'
import { ownCommand } from '../../own-command.ts'
import type { Service } from '../service.ts'

/** Relative to the agent's folder, since a socket's path may hold only 107 bytes. */
export const runDir = 'var/agent/run'
export const supervisorSocket = join(runDir, 'supervisor.sock')
const supervisorLog = join(runDir, 'supervisor.log')

/** Milliseconds a fresh supervisor has until it answers. */
const comesUpWithinMs = 10_000

/** The agent below a supervisor of our own that starts it again: where there is no systemd, or nobody is root. */
export function createBackgroundService(): Service {
  process.chdir(projectRoot)

  async function order(
    action: Request['action'],
  ): Promise<{ end: Answer & { kind: 'end' }; text: string } | undefined> {
    const { askSupervisor } = await import('#lib/supervise')
    let text = ''
    const end = await askSupervisor(supervisorSocket, { action, modules: ['agent'] }, (told) => (text = told.text))
    return end && { end, text }
  }

  return {
    install: () =>
      Promise.resolve({
        ok: false,
        text: 'this host has no systemd: "agent start" keeps the agent running until the machine restarts; let the init system of this host run "agent start" when it starts',
      }),
    uninstall: () => Promise.resolve({ ok: true, text: 'is not installed' }),
    async start(args) {
      mkdirSync(runDir, { recursive: true })
      let answer = await order('start')
      if (!answer) launch(args)
      for (const until = Date.now() + comesUpWithinMs; !answer && Date.now() < until; answer = await order('start'))
        await sleep(100)
      if (!answer) return { ok: false, text: `no supervisor came up; see ${join(projectRoot, supervisorLog)}` }
      return { ok: answer.end.ok, text: answer.text }
    },
    async stop() {
      const answer = await order('stop')
      return answer ? { ok: answer.end.ok, text: answer.text } : { ok: true, text: 'was not running' }
    },
    async state() {
      const status = (await order('status'))?.end.statuses[0]
      if (status?.pid === undefined) return { installed: false, running: false, text: 'not installed and not running' }
      const { pid, uptimeSeconds = 0, restarts } = status
      const often = restarts === 0 ? '' : `, restarted ${restarts} times`
      return {
        installed: false,
        running: true,
        pid,
        text: `running in the background for ${Math.round(uptimeSeconds)} s, pid ${pid}${often}; it does not come back after a restart of the machine`,
      }
    },
  }
}

function launch(args: readonly string[]): void {
  const output = openSync(supervisorLog, 'w')
  try {
    const [program = '', ...words] = [...ownCommand(), 'supervise', ...args]
    spawn(program, words, { cwd: projectRoot, detached: true, stdio: ['ignore', output, output] }).unref()
  } finally {
    closeSync(output)
  }
}
