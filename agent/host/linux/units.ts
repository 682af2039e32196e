import { existsSync } from 'node:fs'
import type { SystemdUnit } from './host.ts'
import type { KernelFiles } from './kernel-files.ts'
import type { Systemd } from './dbus/systemd.ts'

/** Where the manager can be asked: through the bus by everybody, directly by root only. */
const sockets = [
  { path: '/run/dbus/system_bus_socket', direct: false },
  { path: '/run/systemd/private', direct: true },
]

/** The units of systemd, asked over a socket; no program is started. */
export interface Units {
  /** Undefined on a machine that systemd does not run. */
  list(): Promise<SystemdUnit[] | undefined>
  /** Whether a unit is active; `.service` may be left out. @throws on a machine that systemd does not run. */
  isActive(name: string): Promise<boolean>
}

export function createUnits(files: KernelFiles, answerMs: number): Units {
  let known: Promise<readonly Systemd[]> | undefined
  const here = (path: string) => existsSync(files.path(path))

  async function ask<T>(question: (systemd: Systemd) => Promise<T>): Promise<T> {
    let failure: unknown = new Error('Cannot ask systemd: it has no socket')
    for (const systemd of await (known ??= connectors(files, answerMs))) {
      try {
        return await question(systemd)
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }

  return {
    async list() {
      // As its own library tells whether it runs.
      return here('/run/systemd/system') ? await ask((systemd) => systemd.units()) : undefined
    },
    async isActive(name) {
      if (!here('/run/systemd/system')) throw new Error(`Cannot ask for ${name}: systemd does not run here`)
      const { unitName } = await import('./dbus/systemd.ts')
      return (await ask((systemd) => systemd.activeState(unitName(name)))) === 'active'
    },
  }
}

/** Loaded when first asked: hosts without systemd, and most tests, never need it. */
async function connectors(files: KernelFiles, answerMs: number): Promise<Systemd[]> {
  const [{ createBus }, { createSystemd }] = await Promise.all([import('./dbus/bus.ts'), import('./dbus/systemd.ts')])
  return sockets.map(({ path, direct }) => createSystemd(createBus({ socketPath: files.path(path), direct, answerMs })))
}
