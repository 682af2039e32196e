import { writeFileSync } from 'node:fs'

/** Empties the system's cache of files; false when this user may not. */
export function dropCaches(): boolean {
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '1')
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EACCES' || code === 'EROFS') return false
    throw error
  }
}
