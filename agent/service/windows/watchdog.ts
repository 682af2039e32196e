import type { Koffi } from '../../host/load-koffi.ts'

/** WT_EXECUTEINTIMERTHREAD: needs no further thread, which a process in trouble might not get. */
const inTimerThread = 0x20
/** GetCurrentProcess() */
const thisProcess = -1n

/**
 * Ends this process when nothing is heard for `silenceMs`: a timer of Windows, in a thread of its own, whose callback is
 * TerminateProcess itself, so that no JavaScript has to run for it. Returns what puts it off once more.
 */
export function startWatchdog(koffi: Koffi, silenceMs: number): () => void {
  const kernel = koffi.load('kernel32.dll')
  const moduleOf = kernel.func('void *GetModuleHandleW(str16 name)') as (name: string) => unknown
  const addressOf = kernel.func('void *GetProcAddress(void *module, str name)') as (
    module: unknown,
    name: string,
  ) => unknown
  const createTimer = kernel.func(
    'int CreateTimerQueueTimer(void *timer, void *queue, void *callback, intptr_t argument, uint32 dueMs, uint32 everyMs, uint32 flags)',
  ) as (...args: unknown[]) => number
  const changeTimer = kernel.func(
    'int ChangeTimerQueueTimer(void *queue, uintptr_t timer, uint32 dueMs, uint32 everyMs)',
  ) as (...args: unknown[]) => number
  const lastError = kernel.func('uint32 GetLastError()') as () => number
  const must = (done: unknown, what: string) => {
    if (done === 0 || done === null)
      throw new Error(`Cannot watch over this process: ${what} failed with ${lastError()}`)
  }

  const terminate = addressOf(moduleOf('kernel32.dll'), 'TerminateProcess')
  must(terminate, 'GetProcAddress')
  const handle = Buffer.alloc(8)
  must(createTimer(handle, null, terminate, thisProcess, silenceMs, 0, inTimerThread), 'CreateTimerQueueTimer')
  const timer = handle.readBigUInt64LE()
  return () => must(changeTimer(null, timer, silenceMs, 0), 'ChangeTimerQueueTimer')
}
