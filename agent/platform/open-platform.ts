import type { Platform } from './platform.ts'

/** The platform of the system this process runs on; loads no other. */
export async function openPlatform(env: NodeJS.ProcessEnv): Promise<Platform> {
  if (process.platform === 'win32') return await (await import('./windows.ts')).openWindows()
  const { openLinux } = await import('./linux.ts')
  return openLinux(env)
}
