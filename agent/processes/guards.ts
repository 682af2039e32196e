import type { Guards } from './run-guard.ts'

/** The guards of the system this process runs on; loads no other. */
export async function loadGuards(): Promise<Guards> {
  if (process.platform === 'win32') return (await import('./windows-guard.ts')).openWindowsGuards()
  return (await import('./linux-guard.ts')).linuxGuards
}
