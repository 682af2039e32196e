import { createLinuxCollectors } from '../collectors/linux/index.ts'
import { createLinuxHost } from '../host/linux.ts'
import type { LinuxHost } from '../host/linux/host.ts'
import { systemRoutes } from '../http/system-routes.ts'
import type { Platform } from './platform.ts'

/** `hostRoot` is `/`, or where the root of the watched host is mounted, when this runs in a container. */
export function openLinux(hostRoot: string): Platform {
  return linuxPlatform(createLinuxHost({ root: hostRoot }))
}

export function linuxPlatform(host: LinuxHost): Platform {
  return {
    host,
    collectors: (settings) => createLinuxCollectors(host, settings),
    pages: (options) => systemRoutes({ host, ...options }),
  }
}
