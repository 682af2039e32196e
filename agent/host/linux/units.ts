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
  /** Whether a unit is active; `.service` may be left out. Undefined as above. */
  isActive(name: string): Promise<boolean | undefined>
}

export function createUnits(files: KernelFiles, answerMs: number): Units {
  let known: Promise<readonly Systemd[]> | undefined
  // As systemd's own library tells.
  const isHere = () => existsSync(files.path('/run/systemd/system'))

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
      return isHere() ? await ask((systemd) => systemd.units()) : undefined
    },
    async isActive(name) {
      if (!isHere()) return undefined
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
