import type { LogOutput } from '#lib/log'

/** Whoever keeps this process: is told when it runs, and from then on that its event loop still turns. */
export interface Keeper {
  started(): void
}

/** How often a sign of life is given: several fit into the time after which it counts as dead. */
export const signOfLifeMs = 10_000

/** The keeper of the process that `run-service` is. `output` gets what cannot be told otherwise. */
export async function openKeeper(output: LogOutput): Promise<Keeper> {
  if (process.platform === 'win32') return (await import('./windows/keeper.ts')).openWindowsKeeper(output)
  const socket = process.env['NOTIFY_SOCKET']
  if (socket === undefined) return { started: () => undefined }
  const { openSystemdKeeper } = await import('./systemd/keeper.ts')
  return openSystemdKeeper(socket)
}
