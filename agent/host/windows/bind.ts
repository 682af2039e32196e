import { loadKoffi } from '../load-koffi.ts'
import { bindCounters } from './bind-counters.ts'
import { bindEcho } from './bind-echo.ts'
import { bindNetwork } from './bind-network.ts'
import { bindProcesses } from './bind-processes.ts'
import { bindServices } from './bind-services.ts'
import { bindStorage } from './bind-storage.ts'
import { bindRegistry, bindSystem } from './bind-system.ts'
import type { Win32 } from './win32.ts'

/** The Windows that this process runs on. */
export async function bindWin32(): Promise<Win32> {
  const koffi = await loadKoffi()
  return {
    ...bindSystem(koffi),
    ...bindRegistry(koffi),
    ...bindStorage(koffi),
    ...bindNetwork(koffi),
    ...bindEcho(koffi),
    ...bindProcesses(koffi),
    ...bindServices(koffi),
    openCounterQuery: bindCounters(koffi),
  }
}
