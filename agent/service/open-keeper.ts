import type { LogOutput } from '#lib/log'
import type { Keeper } from './keeper.ts'

/** The keeper of the process that `run-service` is. `output` gets what cannot be told otherwise. */
export async function openKeeper(output: LogOutput): Promise<Keeper> {
  if (process.platform === 'win32') return (await import('./windows/keeper.ts')).openWindowsKeeper(output)
  const socket = process.env['NOTIFY_SOCKET']
  if (socket === undefined) return { started: () => undefined }
  const { openSystemdKeeper } = await import('./systemd/keeper.ts')
  return openSystemdKeeper(socket)
}
