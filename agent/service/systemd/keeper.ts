import { loadKoffi } from '../../host/load-koffi.ts'
import type { Keeper } from '../keeper.ts'
import { signOfLifeMs } from '../keeper.ts'
import { createNotify } from './notify.ts'

/** Tells systemd that the agent has started, and then every few seconds that it lives: a hung or stopped one cannot. */
export async function openSystemdKeeper(socket: string): Promise<Keeper> {
  const notify = createNotify(await loadKoffi(), socket)
  return {
    started() {
      notify('READY=1')
      setInterval(() => notify('WATCHDOG=1'), signOfLifeMs).unref()
    },
  }
}
