import type { Koffi } from '../load-koffi.ts'
import { wideText } from './bytes.ts'
import { onThread, windowsError } from './calls.ts'
import type { StorageCalls } from './win32.ts'

const ioctlDiskPerformance = 0x70020
/** Only to ask, which needs no rights. */
const noAccess = 0
const shareAll = 3
const openExisting = 3
const invalidHandle = -1
const longestList = 65_536

export function bindStorage(koffi: Koffi): StorageCalls {
  const kernel32 = koffi.load('kernel32.dll')
  const drives = kernel32.func('uint32 __stdcall GetLogicalDrives()')
  const lastError = kernel32.func('uint32 __stdcall GetLastError()')
  const devices = kernel32.func('uint32 __stdcall QueryDosDeviceW(void *name, _Out_ void *names, uint32 size)')
  const typeOf = kernel32.func('uint32 __stdcall GetDriveTypeW(str16 root)')
  const space = kernel32.func(
    'bool __stdcall GetDiskFreeSpaceExW(str16 root, _Out_ void *available, _Out_ void *total, _Out_ void *free)',
  )
  const information = kernel32.func(
    'bool __stdcall GetVolumeInformationW(str16 root, void *label, uint32 labelSize, void *serial, void *longest, void *flags, _Out_ void *name, uint32 nameSize)',
  )
  const open = kernel32.func(
    'intptr_t __stdcall CreateFileW(str16 path, uint32 access, uint32 share, void *security, uint32 disposition, uint32 flags, void *template)',
  )
  const control = kernel32.func(
    'bool __stdcall DeviceIoControl(intptr_t device, uint32 code, void *input, uint32 inputSize, _Out_ void *output, uint32 outputSize, _Out_ void *returned, void *overlapped)',
  )
  const close = kernel32.func('bool __stdcall CloseHandle(intptr_t handle)')

  return {
    logicalDrives: () => Number(drives()),
    driveType: (root) => Number(typeOf(root)),
    async volume(root) {
      const name = Buffer.alloc(2 * 261)
      if ((await onThread(information, root, null, 0, null, null, null, name, name.length / 2)) !== true)
        return undefined
      const sizes = Buffer.alloc(24)
      const parts = [sizes.subarray(0, 8), sizes.subarray(8, 16), sizes.subarray(16)]
      if ((await onThread(space, root, ...parts)) !== true) return undefined
      return { sizes, fileSystem: wideText(name, 0) }
    },
    deviceNames() {
      // As many characters as a list of some thousand devices has; Windows says how many it wrote.
      const bytes = Buffer.alloc(2 * longestList)
      const length = Number(devices(null, bytes, longestList))
      if (length === 0) throw windowsError('list the devices', Number(lastError()))
      return bytes.toString('utf16le', 0, 2 * length)
    },
    async diskPerformance(device) {
      const path = `\\\\.\\${device}`
      const handle = Number(await onThread(open, path, noAccess, shareAll, null, openExisting, 0, null))
      if (handle === invalidHandle) return undefined
      try {
        const bytes = Buffer.alloc(88)
        const returned = Buffer.alloc(4)
        const args = [handle, ioctlDiskPerformance, null, 0, bytes, bytes.length, returned, null]
        return (await onThread(control, ...args)) === true ? bytes : undefined
      } finally {
        close(handle)
      }
    },
  }
}
