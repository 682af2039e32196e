import { createWindowsCollectors } from '../collectors/windows/index.ts'
import { bindWin32 } from '../host/windows/bind.ts'
import { createWindowsHost } from '../host/windows.ts'
import type { WindowsHost } from '../host/windows/host.ts'
import { windowsRoutes } from '../http/windows-routes.ts'
import type { Platform } from './platform.ts'

export async function openWindows(): Promise<Platform> {
  return windowsPlatform(createWindowsHost({ win32: await bindWin32() }))
}

export function windowsPlatform(host: WindowsHost): Platform {
  return {
    host,
    collectors: (settings, log) => createWindowsCollectors(host, settings, log),
    pages: (options) => windowsRoutes({ host, ...options }),
  }
}
