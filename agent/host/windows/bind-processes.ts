import type { Koffi } from '../load-koffi.ts'
import { wideText } from './bytes.ts'
import { windowsError } from './calls.ts'
import type { ProcessCalls, ProcessEntry } from './win32.ts'

const snapshotOfProcesses = 2
const invalidHandle = -1
const entrySize = 568
/** PROCESS_QUERY_LIMITED_INFORMATION; with PROCESS_VM_READ and PROCESS_QUERY_INFORMATION to read its memory. */
const mayAsk = 0x1000
const mayRead = 0x410
const basicInformation = 0
/** Windows 8.1 and later give it; Wine does not. */
const commandLineInformation = 60
/** UNICODE_STRING has 16 bits for the length in bytes. */
const longestCommandLine = 65_536 + 16

export function bindProcesses(koffi: Koffi): ProcessCalls {
  const kernel32 = koffi.load('kernel32.dll')
  const ntdll = koffi.load('ntdll.dll')
  const lastError = kernel32.func('uint32 __stdcall GetLastError()')
  const snapshot = kernel32.func('intptr_t __stdcall CreateToolhelp32Snapshot(uint32 flags, uint32 pid)')
  const first = kernel32.func('bool __stdcall Process32FirstW(intptr_t snapshot, _Inout_ void *entry)')
  const next = kernel32.func('bool __stdcall Process32NextW(intptr_t snapshot, _Inout_ void *entry)')
  const open = kernel32.func('intptr_t __stdcall OpenProcess(uint32 access, bool inherit, uint32 pid)')
  const close = kernel32.func('bool __stdcall CloseHandle(intptr_t handle)')
  const information = ntdll.func(
    'uint32 __stdcall NtQueryInformationProcess(intptr_t process, int32 kind, _Out_ void *bytes, uint32 size, void *returned)',
  )
  const memory = kernel32.func(
    'bool __stdcall ReadProcessMemory(intptr_t process, uint64 address, _Out_ void *bytes, size_t size, void *read)',
  )

  const times = kernel32.func(
    'bool __stdcall GetProcessTimes(intptr_t process, _Out_ void *started, _Out_ void *ended, _Out_ void *kernel, _Out_ void *user)',
  )
  const memoryUse = kernel32.func(
    'bool __stdcall K32GetProcessMemoryInfo(intptr_t process, _Out_ void *counters, uint32 size)',
  )
  const handles = kernel32.func('bool __stdcall GetProcessHandleCount(intptr_t process, _Out_ void *count)')

  function withProcess<T>(pid: number, access: number, ask: (handle: number) => T): T | undefined {
    const handle = Number(open(access, false, pid))
    if (handle === 0) return undefined
    try {
      return ask(handle)
    } finally {
      close(handle)
    }
  }

  /** Undefined where this system does not know the question. */
  function askedCommandLine(handle: number): string | undefined {
    const bytes = Buffer.alloc(longestCommandLine)
    if (Number(information(handle, commandLineInformation, bytes, bytes.length, null)) !== 0) return undefined
    return bytes.toString('utf16le', 16, 16 + bytes.readUInt16LE(0))
  }

  /** From the memory of the process: its environment block points to the parameters, and they to the text. */
  function readCommandLine(handle: number): string | undefined {
    const read = (address: bigint, size: number) => {
      const bytes = Buffer.alloc(size)
      return memory(handle, address, bytes, size, null) === true ? bytes : undefined
    }
    const basic = Buffer.alloc(48)
    if (Number(information(handle, basicInformation, basic, basic.length, null)) !== 0) return undefined
    const parameters = read(basic.readBigUInt64LE(8) + 0x20n, 8)
    const text = parameters && read(parameters.readBigUInt64LE() + 0x70n, 16)
    return text && read(text.readBigUInt64LE(8), text.readUInt16LE())?.toString('utf16le')
  }

  return {
    processes() {
      const handle = Number(snapshot(snapshotOfProcesses, 0))
      if (handle === invalidHandle) throw windowsError('list the processes', Number(lastError()))
      try {
        const found = new Map<number, ProcessEntry>()
        const entry = Buffer.alloc(entrySize)
        entry.writeUInt32LE(entrySize)
        for (let more = first(handle, entry) === true; more; more = next(handle, entry) === true) {
          found.set(entry.readUInt32LE(8), { name: wideText(entry, 44), threads: entry.readUInt32LE(28) })
        }
        return found
      } finally {
        close(handle)
      }
    },
    processUse: (pid) =>
      withProcess(pid, mayAsk, (handle) => {
        const spans = Buffer.alloc(32)
        const memory = Buffer.alloc(72)
        memory.writeUInt32LE(memory.length)
        const parts = [0, 8, 16, 24].map((at) => spans.subarray(at, at + 8))
        const told = times(handle, ...parts) === true && memoryUse(handle, memory, memory.length) === true
        return told ? { times: spans, memory } : undefined
      }),
    handleCount: (pid) =>
      withProcess(pid, mayAsk, (handle) => {
        const count = Buffer.alloc(4)
        return handles(handle, count) === true ? count.readUInt32LE() : undefined
      }),
    commandLine: (pid) => withProcess(pid, mayAsk, askedCommandLine) ?? withProcess(pid, mayRead, readCommandLine),
  }
}
