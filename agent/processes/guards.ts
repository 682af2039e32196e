import type { Guards } from './run-guard.ts'

let loaded: Promise<Guards> | undefined

/** The guards of the system this process runs on; loads no other. */
export function loadGuards(): Promise<Guards> {
  return (loaded ??= load())
}

async function load(): Promise<Guards> {
  if (process.platform === 'win32') return (await import('./windows-guard.ts')).openWindowsGuards()
  return (await import('./linux-guard.ts')).linuxGuards
}
