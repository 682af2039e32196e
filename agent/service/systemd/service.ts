import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { projectRoot } from '#lib/module'
import { loadKoffi } from '../../host/load-koffi.ts'
import { ownCommand } from '../../own-command.ts'
import { execute } from '../execute.ts'
import type { Outcome, Service, ServiceState } from '../service.ts'
import { unitText } from './unit.ts'

const unit = 'falcon-agent.service'

export interface SystemdOptions {
  /** Keeps the agent for somebody who has not installed it. */
  readonly background: Service
  readonly unitFile?: string
  readonly run?: typeof execute
  readonly isRoot?: () => boolean
}

export function hasSystemd(): boolean {
  return existsSync('/run/systemd/system')
}

/** The agent as a unit of systemd; one that is not installed is started in the background. */
export function createSystemdService(options: SystemdOptions): Service {
  const { background, run = execute, unitFile = `/etc/systemd/system/${unit}` } = options
  const isRoot = options.isRoot ?? (() => process.getuid?.() === 0)
  const installed = () => existsSync(unitFile)

  /** Runs them one after the other until one fails. */
  async function systemctl(...calls: string[][]): Promise<Outcome> {
    for (const args of calls) {
      const { code, output } = await run('systemctl', args)
      if (code !== 0) return { ok: false, text: `systemctl ${args.join(' ')} failed: ${output}` }
    }
    return { ok: true, text: '' }
  }

  const property = async (name: string) => {
    const { output } = await run('systemctl', ['show', unit, `--property=${name}`])
    return output.startsWith(`${name}=`) ? output.slice(name.length + 1) : ''
  }

  async function state(): Promise<ServiceState> {
    if (!installed()) return background.state()
    const active = await property('ActiveState')
    const pid = Number(await property('MainPID'))
    const since = await property('ActiveEnterTimestamp')
    const restarts = await property('NRestarts')
    const running = active === 'active' || active === 'reloading'
    const often = restarts === '' || restarts === '0' ? '' : `, restarted ${restarts} times by systemd`
    return {
      installed: true,
      running,
      ...(running && pid > 0 && { pid }),
      text: running
        ? `running as ${unit} since ${since}, pid ${pid}${often}`
        : `${unit} is ${active || 'unknown to systemd'}${often}; "journalctl -u ${unit}" and logs/agent.log tell why`,
    }
  }

  return {
    state,
    async install(args, limits) {
      if (!isRoot()) return needsRoot('install')
      if ((await background.state()).running)
        return { ok: false, text: 'the agent runs in the background already; stop it first: agent stop' }
      // What the unit needs lies beside the executable from now on, also where the agent could not write it.
      await loadKoffi()
      const text = unitText([...ownCommand(), 'run-service', ...args], projectRoot, limits)
      const before = installed() ? readFileSync(unitFile, 'utf8') : undefined
      if (before === text) return { ok: true, text: `is installed already as ${unit}` }
      writeFileSync(unitFile, text)
      const done = await systemctl(['daemon-reload'], ['enable', unit])
      if (!done.ok) return done
      return before === undefined
        ? { ok: true, text: `installed as ${unit}; start it with: agent start` }
        : { ok: true, text: `${unit} is brought up to date; it counts after: agent restart` }
    },
    async uninstall() {
      if (!installed()) return { ok: true, text: 'is not installed' }
      if (!isRoot()) return needsRoot('uninstall')
      const stopped = await systemctl(['stop', unit], ['disable', unit])
      if (!stopped.ok) return stopped
      rmSync(unitFile)
      const done = await systemctl(['daemon-reload'])
      return done.ok ? { ok: true, text: `${unit} is stopped and removed; its files stay in ${projectRoot}` } : done
    },
    async start(args) {
      if (!installed()) return background.start(args)
      const before = await state()
      if (before.running) return { ok: true, text: `is already running (pid ${before.pid ?? 'unknown'})` }
      const done = await systemctl(['start', unit])
      if (!done.ok) return isRoot() ? { ok: false, text: `${done.text}. ${(await state()).text}` } : needsRoot('start')
      return { ok: true, text: `started (pid ${(await state()).pid ?? 'unknown'})` }
    },
    async stop() {
      if (!installed()) return background.stop()
      if (!(await state()).running) return { ok: true, text: 'was not running' }
      const done = await systemctl(['stop', unit])
      if (!done.ok) return isRoot() ? done : needsRoot('stop')
      return { ok: true, text: 'stopped' }
    },
  }
}

function needsRoot(action: string): Outcome {
  return { ok: false, text: `only root may do that; try: sudo agent ${action}` }
}
