import { loadKoffi } from '../../host/load-koffi.ts'
import type { Koffi } from '../../host/load-koffi.ts'

/** What `winsvc.h` and `winerror.h` call these. */
export const access = {
  connect: 0x1,
  create: 0x2,
  changeConfig: 0x2,
  query: 0x4,
  start: 0x10,
  stop: 0x20,
  remove: 0x1_0000,
}
export const states = { stopped: 1, startPending: 2, stopPending: 3, running: 4 } as const
export const errors = {
  accessDenied: 5,
  exists: 1073,
  missing: 1060,
  running: 1056,
  notRunning: 1062,
  removing: 1072,
} as const

const ownProcess = 0x10
const autoStart = 2
const errorNormal = 1
const noChange = 0xffff_ffff

/** Levels of ChangeServiceConfig2W. */
const description = 1
const failureActions = 2
const delayedAutoStart = 3
const failureActionsFlag = 4

/** A call that failed, with the number that Windows gives for why. */
export class Win32Error extends Error {
  readonly code: number
  constructor(what: string, code: number) {
    super(`${what} failed with Windows error ${code}`)
    this.code = code
  }
}

type Handle = unknown

export interface ServiceStatus {
  readonly state: number
  readonly pid: number
  readonly exitCode: number
}

/** The service manager of Windows, as far as one service needs it. Every call may throw `Win32Error`. */
export interface ServiceManager {
  /** Returns what this Windows did not take of the lesser settings; the service exists all the same. */
  create(name: string, settings: ServiceSettings): string[]
  change(name: string, settings: ServiceSettings): string[]
  start(name: string): void
  stop(name: string): void
  remove(name: string): void
  status(name: string): ServiceStatus
}

export interface ServiceSettings {
  readonly displayName: string
  readonly description: string
  /** The whole command line. */
  readonly command: string
  /** Milliseconds before the first, second and every later restart of one that ended by itself. */
  readonly restartAfterMs: readonly [number, number, number]
}

export async function openServiceManager(): Promise<ServiceManager> {
  const koffi = await loadKoffi()
  const calls = declare(koffi)

  function must<T>(value: T | null | 0 | false, what: string): T {
    if (value === null || value === 0 || value === false) throw new Win32Error(what, calls.lastError())
    return value
  }

  function withManager<T>(wanted: number, work: (manager: Handle) => T): T {
    const manager = must(calls.openManager(null, null, wanted), 'OpenSCManager')
    try {
      return work(manager)
    } finally {
      calls.close(manager)
    }
  }

  function withService<T>(name: string, wanted: number, work: (service: Handle) => T): T {
    return withManager(access.connect, (manager) => {
      const service = must(calls.openService(manager, name, wanted), 'OpenService')
      try {
        return work(service)
      } finally {
        calls.close(service)
      }
    })
  }

  /** Not every Windows takes all of them. */
  function decorate(service: Handle, settings: ServiceSettings): string[] {
    const flag = Buffer.from([1, 0, 0, 0])
    const refused: string[] = []
    const attempt = (what: string, level: number, info: Handle) => {
      if (calls.change2(service, level, info) === 0) refused.push(`${what} (Windows error ${calls.lastError()})`)
    }
    attempt('its description', description, koffi.as({ text: settings.description }, 'FALCON_DESCRIPTION *'))
    attempt('restarting it when it fails', failureActions, koffi.as(failuresOf(settings), 'FALCON_FAILURE_ACTIONS *'))
    attempt('starting it a moment after the others', delayedAutoStart, flag)
    attempt('restarting it when it leaves with an error', failureActionsFlag, flag)
    return refused
  }

  return {
    create: (name, settings) =>
      withManager(access.create, (manager) => {
        const { displayName, command } = settings
        const all = access.changeConfig | access.start
        const service = must(
          calls.create(
            manager,
            name,
            displayName,
            all,
            ownProcess,
            autoStart,
            errorNormal,
            command,
            null,
            null,
            null,
            null,
            null,
          ),
          'CreateService',
        )
        try {
          return decorate(service, settings)
        } finally {
          calls.close(service)
        }
      }),
    change: (name, settings) =>
      withService(name, access.changeConfig | access.start, (service) => {
        const { displayName, command } = settings
        const changed = calls.change(
          service,
          noChange,
          autoStart,
          noChange,
          command,
          null,
          null,
          null,
          null,
          null,
          displayName,
        )
        must(changed, 'ChangeServiceConfig')
        return decorate(service, settings)
      }),
    start: (name) =>
      withService(name, access.start, (service) => void must(calls.start(service, 0, null), 'StartService')),
    stop: (name) =>
      withService(
        name,
        access.stop,
        (service) => void must(calls.control(service, 1, Buffer.alloc(28)), 'ControlService'),
      ),
    remove: (name) => withService(name, access.remove, (service) => void must(calls.remove(service), 'DeleteService')),
    status: (name) =>
      withService(name, access.query, (service) => {
        // SERVICE_STATUS_PROCESS
        const status = Buffer.alloc(36)
        must(calls.query(service, 0, status, status.length, Buffer.alloc(4)), 'QueryServiceStatusEx')
        return { state: status.readUInt32LE(4), exitCode: status.readUInt32LE(12), pid: status.readUInt32LE(28) }
      }),
  }
}

function failuresOf({ restartAfterMs }: ServiceSettings) {
  const restart = 1
  return {
    // A day without a failure, and the next one counts as the first.
    resetSeconds: 86_400,
    message: null,
    command: null,
    count: restartAfterMs.length,
    actions: restartAfterMs.map((Delay) => ({ Type: restart, Delay })),
  }
}

function declare(koffi: Koffi) {
  koffi.struct('FALCON_DESCRIPTION', { text: 'str16' })
  koffi.struct('FALCON_ACTION', { Type: 'int32', Delay: 'uint32' })
  koffi.struct('FALCON_FAILURE_ACTIONS', {
    resetSeconds: 'uint32',
    message: 'str16',
    command: 'str16',
    count: 'uint32',
    actions: 'FALCON_ACTION *',
  })
  const advapi = koffi.load('advapi32.dll')
  const kernel = koffi.load('kernel32.dll')
  return {
    openManager: advapi.func('void *OpenSCManagerW(str16 machine, str16 database, uint32 access)') as (
      machine: null,
      database: null,
      access: number,
    ) => Handle,
    openService: advapi.func('void *OpenServiceW(void *manager, str16 name, uint32 access)') as (
      manager: Handle,
      name: string,
      access: number,
    ) => Handle,
    create: advapi.func(
      'void *CreateServiceW(void *manager, str16 name, str16 display, uint32 access, uint32 type, uint32 start, uint32 error, str16 command, str16 group, void *tag, str16 needs, str16 user, str16 password)',
    ) as (...args: unknown[]) => Handle,
    change: advapi.func(
      'int ChangeServiceConfigW(void *service, uint32 type, uint32 start, uint32 error, str16 command, str16 group, void *tag, str16 needs, str16 user, str16 password, str16 display)',
    ) as (...args: unknown[]) => number,
    change2: advapi.func('int ChangeServiceConfig2W(void *service, uint32 level, void *info)') as (
      service: Handle,
      level: number,
      info: Handle,
    ) => number,
    start: advapi.func('int StartServiceW(void *service, uint32 count, void *args)') as (
      service: Handle,
      count: number,
      args: null,
    ) => number,
    control: advapi.func('int ControlService(void *service, uint32 control, void *status)') as (
      service: Handle,
      control: number,
      status: Buffer,
    ) => number,
    remove: advapi.func('int DeleteService(void *service)') as (service: Handle) => number,
    query: advapi.func(
      'int QueryServiceStatusEx(void *service, int level, void *status, uint32 size, void *needed)',
    ) as (service: Handle, level: number, status: Buffer, size: number, needed: Buffer) => number,
    close: advapi.func('int CloseServiceHandle(void *handle)') as (handle: Handle) => number,
    lastError: kernel.func('uint32 GetLastError()') as () => number,
  }
}
