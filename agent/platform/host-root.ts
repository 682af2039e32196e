import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'

/** Where the root of the watched host is here: as configured, else as the environment says, else this is that host. */
export function hostRootOf({ hostRoot }: { hostRoot: string }, env: NodeJS.ProcessEnv): string {
  return hostRoot || env['NUX_ROOTFS'] || '/'
}

/** The name of the watched host. A container that has a name of its own is told from where the host keeps its name. */
export function systemName(hostRoot: string): string {
  const own = hostname()
  if (hostRoot === '/' || hasNameOf(hostRoot)) return own
  const written = textOf(join(hostRoot, 'etc/hostname'))
  return written === '' || written.startsWith('localhost') ? own : written
}

/** Whether this process and the first of the host are in one namespace of names. */
function hasNameOf(hostRoot: string): boolean {
  try {
    return readlinkSync('/proc/self/ns/uts') === readlinkSync(join(hostRoot, 'proc/1/ns/uts'))
  } catch {
    // It may not be looked at by everybody.
    return false
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return ''
  }
}
