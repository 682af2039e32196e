import type { Platform } from './platform.ts'

/** The platform of the system this process runs on; loads no other. `hostRoot` counts on Linux. */
export async function openPlatform(hostRoot: string): Promise<Platform> {
  if (process.platform === 'win32') return await (await import('./windows.ts')).openWindows()
  const { openLinux } = await import('./linux.ts')
  return openLinux(hostRoot)
}
