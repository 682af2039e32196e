import { availableParallelism, constants, setPriority } from 'node:os'
import type { Logger } from '#lib/log'
import type { Koffi } from '../host/load-koffi.ts'

/** JobObjectCpuRateControlInformation, and its flags that make the rate a hard one. */
const rateControl = 15
const enabledHardCap = 0x1 | 0x4

/**
 * Lets others go first, and on Windows also caps this process and its plugins at the given share of one processor, by a job
 * object. On Linux the cap is that of the systemd unit. What the system refuses is told in the log.
 */
export async function limitCpu(percent: number, log: Logger): Promise<void> {
  if (percent === 0) return
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL)
    if (process.platform !== 'win32') return
    const { loadKoffi } = await import('../host/load-koffi.ts')
    capByJob(await loadKoffi(), percent)
  } catch (error) {
    log.warn({ err: error, percent }, 'the processor limit cannot be set')
  }
}

function capByJob(koffi: Koffi, percent: number): void {
  const kernel = koffi.load('kernel32.dll')
  const createJob = kernel.func('void *CreateJobObjectW(void *security, void *name)') as (...args: unknown[]) => unknown
  const setJob = kernel.func('int SetInformationJobObject(void *job, int kind, void *info, uint32 size)') as (
    ...args: unknown[]
  ) => number
  const assign = kernel.func('int AssignProcessToJobObject(void *job, intptr_t process)') as (
    ...args: unknown[]
  ) => number
  const lastError = kernel.func('uint32 GetLastError()') as () => number
  const job = createJob(null, null)
  if (setJob(job, rateControl, rateOf(percent, availableParallelism()), 8) === 0)
    throw new Error(`Cannot cap the processor time: SetInformationJobObject failed with Windows error ${lastError()}`)
  if (assign(job, -1) === 0)
    throw new Error(`Cannot cap the processor time: AssignProcessToJobObject failed with Windows error ${lastError()}`)
}

/** JOBOBJECT_CPU_RATE_CONTROL_INFORMATION: the rate is in hundredths of a percent of all processors together. */
export function rateOf(percent: number, processors: number): Buffer {
  const info = Buffer.alloc(8)
  info.writeUInt32LE(enabledHardCap, 0)
  info.writeUInt32LE(Math.min(10_000, Math.max(1, Math.round((percent * 100) / processors))), 4)
  return info
}
