import { loadKoffi } from '../host/load-koffi.ts'
import { overLimit } from './run-guard.ts'
import type { Guards, RunGuard, RunLimits, RunProcess } from './run-guard.ts'

/** Numbers of winnt.h. */
const accessToRun = 0x0001 | 0x0100
const accessToAsk = 0x1000
const limitProcesses = 0x8
const limitMemory = 0x200
const killOnClose = 0x2000
const basicAccounting = 1
const processList = 3
const extendedLimits = 9
const hundredNanoseconds = 1e-7

/** Layouts of 64-bit Windows, in bytes. */
const extendedSize = 144
const accountingSize = 48
const mostListed = 1024

/** Limits of the kernel lie this much above ours: they hold between two looks, ours say what was wrong. */
const slack = 2

/**
 * Runs in job objects: whatever a run starts is in its job, with no way out, and closing the job ends all of it, also
 * when the agent dies. A program is put in its job right after its start, long before it can have started another.
 */
export async function openWindowsGuards(): Promise<Guards> {
  const calls = declare(await loadKoffi())
  return {
    mark: () => ({}),
    watch: (pid, _mark, limits) => watchJob(calls, pid, limits),
    // Nothing outlives its job.
    alive: () => [],
    endAll: async () => undefined,
  }
}

/** An address; koffi gives null for none. */
type Handle = object
type Calls = ReturnType<typeof declare>

function declare(koffi: Awaited<ReturnType<typeof loadKoffi>>) {
  const kernel = koffi.load('kernel32.dll')
  return {
    createJob: kernel.func('void *CreateJobObjectW(void *attributes, void *name)') as (
      attributes: null,
      name: null,
    ) => Handle,
    setJob: kernel.func('int SetInformationJobObject(void *job, int class, void *info, uint32_t size)') as (
      job: Handle,
      kind: number,
      info: Buffer,
      size: number,
    ) => number,
    askJob: kernel.func(
      'int QueryInformationJobObject(void *job, int class, void *info, uint32_t size, void *returned)',
    ) as (job: Handle, kind: number, info: Buffer, size: number, returned: null) => number,
    assign: kernel.func('int AssignProcessToJobObject(void *job, void *process)') as (
      job: Handle,
      process: Handle,
    ) => number,
    terminateJob: kernel.func('int TerminateJobObject(void *job, uint32_t code)') as (
      job: Handle,
      code: number,
    ) => number,
    openProcess: kernel.func('void *OpenProcess(uint32_t access, int inherit, uint32_t pid)') as (
      access: number,
      inherit: number,
      pid: number,
    ) => Handle,
    nameOf: kernel.func('int QueryFullProcessImageNameW(void *process, uint32_t flags, void *name, void *length)') as (
      process: Handle,
      flags: number,
      name: Buffer,
      length: Buffer,
    ) => number,
    close: kernel.func('int CloseHandle(void *handle)') as (handle: Handle) => number,
    lastError: kernel.func('uint32_t GetLastError()') as () => number,
  }
}

function watchJob(calls: Calls, pid: number, limits: RunLimits): RunGuard {
  const job = calls.createJob(null, null)
  calls.setJob(job, extendedLimits, limitsOf(limits), extendedSize)
  const member = calls.openProcess(accessToRun, 0, pid)
  // A program that is gone already has started nothing.
  if (member !== null) {
    calls.assign(job, member)
    calls.close(member)
  }
  let closed = false
  return {
    async check() {
      const accounting = Buffer.alloc(accountingSize)
      const extended = Buffer.alloc(extendedSize)
      calls.askJob(job, basicAccounting, accounting, accountingSize, null)
      calls.askJob(job, extendedLimits, extended, extendedSize, null)
      const ticks = accounting.readBigInt64LE(0) + accounting.readBigInt64LE(8)
      return overLimit(
        {
          cpuSeconds: Number(ticks) * hundredNanoseconds,
          processes: accounting.readUInt32LE(40),
          memoryBytes: Number(extended.readBigUInt64LE(136)),
        },
        limits,
      )
    },
    others: async () => membersOf(calls, job).filter((one) => one.pid !== pid),
    async end() {
      return calls.terminateJob(job, 1) === 0 ? `could not be ended: error ${calls.lastError()}` : undefined
    },
    close() {
      if (!closed) calls.close(job)
      closed = true
    },
  }
}

/** JOBOBJECT_EXTENDED_LIMIT_INFORMATION */
function limitsOf(limits: RunLimits): Buffer {
  const info = Buffer.alloc(extendedSize)
  let flags = killOnClose
  if (Number.isFinite(limits.processes)) {
    flags |= limitProcesses
    info.writeUInt32LE(limits.processes * slack, 40)
  }
  if (Number.isFinite(limits.memoryBytes)) {
    flags |= limitMemory
    info.writeBigUInt64LE(BigInt(limits.memoryBytes * slack), 120)
  }
  info.writeUInt32LE(flags, 16)
  return info
}

function membersOf(calls: Calls, job: Handle): RunProcess[] {
  const list = Buffer.alloc(8 + 8 * mostListed)
  calls.askJob(job, processList, list, list.length, null)
  const count = Math.min(list.readUInt32LE(4), mostListed)
  return Array.from({ length: count }, (_, index) => {
    const pid = Number(list.readBigUInt64LE(8 + 8 * index))
    return { pid, start: 0, name: nameOf(calls, pid) }
  })
}

function nameOf(calls: Calls, pid: number): string {
  const process = calls.openProcess(accessToAsk, 0, pid)
  if (process === null) return 'a process'
  const name = Buffer.alloc(1024)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(name.length / 2, 0)
  const known = calls.nameOf(process, 0, name, length) !== 0
  calls.close(process)
  if (!known) return 'a process'
  const path = name.subarray(0, 2 * length.readUInt32LE(0)).toString('utf16le')
  return path.slice(path.lastIndexOf('\\') + 1)
}
