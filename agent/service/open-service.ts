import type { Service } from './service.ts'

/** The one of this machine. */
export async function openService(): Promise<Service> {
  if (process.platform === 'win32') return (await import('./windows/service.ts')).openWindowsService()
  const { hasSystemd, createSystemdService } = await import('./systemd/service.ts')
  const { createBackgroundService } = await import('./background/service.ts')
  const background = createBackgroundService()
  return hasSystemd() ? createSystemdService({ background }) : background
}
