import type { Koffi } from '../load-koffi.ts'
import { wideText } from './bytes.ts'
import { windowsError } from './calls.ts'
import type { RegistryCalls, SystemCalls } from './win32.ts'

export function bindSystem(koffi: Koffi): SystemCalls {
  const kernel32 = koffi.load('kernel32.dll')
  const lastError = kernel32.func('uint32 __stdcall GetLastError()')
  const times = kernel32.func('bool __stdcall GetSystemTimes(_Out_ void *idle, _Out_ void *kernel, _Out_ void *user)')
  const performance = kernel32.func('bool __stdcall K32GetPerformanceInfo(_Out_ void *info, uint32 size)')
  const ticks = kernel32.func('uint64 __stdcall GetTickCount64()')
  const processors = kernel32.func('uint32 __stdcall GetActiveProcessorCount(uint16 group)')
  const allGroups = 0xffff

  function must(done: unknown, act: string): void {
    if (done !== true) throw windowsError(act, Number(lastError()))
  }

  return {
    systemTimes() {
      const bytes = Buffer.alloc(24)
      must(times(bytes.subarray(0, 8), bytes.subarray(8, 16), bytes.subarray(16)), 'read the processor times')
      return bytes
    },
    performanceInformation() {
      const bytes = Buffer.alloc(104)
      bytes.writeUInt32LE(bytes.length)
      must(performance(bytes, bytes.length), 'read the memory in use')
      return bytes
    },
    tickCount: () => Number(ticks()),
    processorCount: () => Number(processors(allGroups)),
  }
}

const localMachine = -2147483646
/** To read, and the part of 64-bit programs. */
const access = 0x20019 | 0x100
const success = 0
const noSuchKey = 2
const noMoreItems = 259
/** RRF_RT_REG_SZ and RRF_SUBKEY_WOW6464KEY. */
const onlyText = 0x2 | 0x10000
const longestText = 1024

export function bindRegistry(koffi: Koffi): RegistryCalls {
  const advapi32 = koffi.load('advapi32.dll')
  const open = advapi32.func(
    'int32 __stdcall RegOpenKeyExW(intptr_t root, str16 key, uint32 options, uint32 access, _Out_ void *opened)',
  )
  const enumerate = advapi32.func(
    'int32 __stdcall RegEnumValueW(uint64 key, uint32 index, _Out_ void *name, _Inout_ void *length, void *reserved, void *type, void *data, void *size)',
  )
  const close = advapi32.func('int32 __stdcall RegCloseKey(uint64 key)')
  const get = advapi32.func(
    'int32 __stdcall RegGetValueW(intptr_t root, str16 key, str16 name, uint32 wanted, void *type, _Out_ void *data, _Inout_ void *size)',
  )

  return {
    registryValues(key) {
      const opened = Buffer.alloc(8)
      const status = Number(open(localMachine, key, 0, access, opened))
      if (status === noSuchKey) return undefined
      if (status !== success) throw windowsError(`open HKEY_LOCAL_MACHINE\\${key}`, status)
      const handle = opened.readBigUInt64LE()
      try {
        const names: string[] = []
        for (;;) {
          const name = Buffer.alloc(2 * 16_384)
          const length = Buffer.alloc(4)
          length.writeUInt32LE(name.length / 2)
          const status = Number(enumerate(handle, names.length, name, length, null, null, null, null))
          if (status === noMoreItems) return names
          if (status !== success) throw windowsError(`list HKEY_LOCAL_MACHINE\\${key}`, status)
          names.push(name.toString('utf16le', 0, 2 * length.readUInt32LE()))
        }
      } finally {
        close(handle)
      }
    },
    registryText(key, name) {
      const text = Buffer.alloc(2 * longestText)
      const size = Buffer.alloc(4)
      size.writeUInt32LE(text.length)
      const status = Number(get(localMachine, key, name, onlyText, null, text, size))
      if (status === noSuchKey) return undefined
      if (status !== success) throw windowsError(`read HKEY_LOCAL_MACHINE\\${key}\\${name}`, status)
      return wideText(text, 0)
    },
  }
}
