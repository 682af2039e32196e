import type { Koffi } from '../load-koffi.ts'
import { onThread, windowsError } from './calls.ts'
import type { ServiceCalls } from './win32.ts'

/** SC_MANAGER_CONNECT and SC_MANAGER_ENUMERATE_SERVICE. */
const access = 0x5
/** SERVICE_QUERY_STATUS */
const mayAsk = 0x4
/** SERVICE_WIN32: drivers are none of ours. */
const programs = 0x30
const allStates = 3
/** Windows takes no larger one. */
const bufferSize = 256 * 1024

export function bindServices(koffi: Koffi): ServiceCalls {
  const advapi32 = koffi.load('advapi32.dll')
  const kernel32 = koffi.load('kernel32.dll')
  const lastError = kernel32.func('uint32 __stdcall GetLastError()')
  const openService = advapi32.func('uint64 __stdcall OpenServiceW(uint64 manager, str16 name, uint32 access)')
  const query = advapi32.func(
    'bool __stdcall QueryServiceStatusEx(uint64 service, int32 level, _Out_ void *status, uint32 size, _Out_ void *needed)',
  )
  const open = advapi32.func('uint64 __stdcall OpenSCManagerW(str16 machine, str16 database, uint32 access)')
  const list = advapi32.func(
    'bool __stdcall EnumServicesStatusExW(uint64 manager, int32 level, uint32 type, uint32 state, _Out_ void *bytes, uint32 size, _Out_ void *needed, _Out_ void *count, _Inout_ void *resume, str16 group)',
  )
  const close = advapi32.func('bool __stdcall CloseServiceHandle(uint64 handle)')

  async function withManager<T>(ask: (manager: unknown) => Promise<T>): Promise<T> {
    const manager = open(null, null, access)
    if (Number(manager) === 0) throw windowsError('ask for services', Number(lastError()))
    try {
      return await ask(manager)
    } finally {
      close(manager)
    }
  }

  return {
    services: () =>
      withManager(async (manager) => {
        const bytes = Buffer.alloc(bufferSize)
        const [needed, count, resume] = [Buffer.alloc(4), Buffer.alloc(4), Buffer.alloc(4)]
        const done = await onThread(
          list,
          manager,
          0,
          programs,
          allStates,
          bytes,
          bytes.length,
          needed,
          count,
          resume,
          null,
        )
        if (done !== true) throw new Error(`Cannot list the services: ${needed.readUInt32LE()} bytes do not fit`)
        return { bytes, address: koffi.address(bytes), count: count.readUInt32LE() }
      }),
    service: (name) =>
      withManager(async (manager) => {
        const service = await onThread(openService, manager, name, mayAsk)
        if (Number(service) === 0) return undefined
        try {
          const status = Buffer.alloc(36)
          const done = await onThread(query, service, 0, status, status.length, Buffer.alloc(4))
          return done === true ? status : undefined
        } finally {
          close(service)
        }
      }),
  }
}
