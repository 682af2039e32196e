import type { LogOutput } from '#lib/log'
import { loadKoffi } from '../../host/load-koffi.ts'
import type { Koffi } from '../../host/load-koffi.ts'
import { signOfLifeMs } from '../keeper.ts'
import type { Keeper } from '../keeper.ts'
import { states } from './scm.ts'
import { serviceName } from './service.ts'
import { startWatchdog } from './watchdog.ts'

/** Controls that the service manager sends. */
const controls = { stop: 1, interrogate: 4, shutdown: 5 } as const
const accepted = 0x1 | 0x4
const notImplemented = 120

const startHintMs = 40_000
const stopHintMs = 25_000
/** Silence that counts as hung: with the pause before a restart it is back within a minute. */
const silenceMs = 45_000
const stillActive = 259
const lookEveryMs = 1000

/**
 * Connects this process with the service manager that started it. A stop or a shutdown of Windows is what SIGTERM is
 * elsewhere. A process that leaves with an error says nothing, so that the manager starts it again.
 */
export async function openWindowsKeeper(output: LogOutput): Promise<Keeper> {
  const koffi = await loadKoffi()
  const calls = declare(koffi)
  let handle: unknown
  let checkPoint = 0

  function report(state: number, hintMs = 0): void {
    const status = Buffer.alloc(28)
    const settled = state === states.running || state === states.stopped
    status.writeUInt32LE(0x10, 0)
    status.writeUInt32LE(state, 4)
    status.writeUInt32LE(state === states.running ? accepted : 0, 8)
    status.writeUInt32LE(settled ? 0 : ++checkPoint, 20)
    status.writeUInt32LE(hintMs, 24)
    if (calls.setStatus(handle, status) === 0)
      output.write(`agent: Windows refuses state ${state}, error ${calls.lastError()}\n`)
  }

  const onControl = koffi.register((control: number) => {
    if (control === controls.interrogate) return 0
    if (control !== controls.stop && control !== controls.shutdown) return notImplemented
    report(states.stopPending, stopHintMs)
    // Without anybody who listens the agent has not started yet and holds nothing.
    if (!process.emit('SIGTERM')) setImmediate(() => process.exit(0))
    return 0
  }, koffi.pointer(calls.Handler))

  await new Promise<void>((resolve, reject) => {
    const onStart = koffi.register(() => {
      handle = calls.registerHandler(serviceName, onControl, null)
      report(states.startPending, startHintMs)
      resolve()
    }, koffi.pointer(calls.Main))
    startDispatcher(koffi, calls, onStart, reject)
  })
  process.on('exit', (code) => {
    if (code === 0) report(states.stopped)
  })
  return {
    started() {
      report(states.running)
      const putOff = startWatchdog(koffi, silenceMs)
      setInterval(putOff, signOfLifeMs).unref()
    },
  }
}

/**
 * Lets StartServiceCtrlDispatcherW wait in a thread of its own, which its signature fits. In Node's pool, as a call of
 * koffi's that does not block, it would keep a process that has crashed from ending.
 */
function startDispatcher(koffi: Koffi, calls: Calls, onStart: unknown, onRefused: (error: Error) => void): void {
  const table = koffi.alloc('FALCON_SERVICE_ENTRY', 2)
  koffi.encode(table, koffi.array('FALCON_SERVICE_ENTRY', 2), [
    { name: serviceName, main: onStart },
    { name: null, main: null },
  ])
  const dispatcher = calls.addressOf(calls.moduleOf('advapi32.dll'), 'StartServiceCtrlDispatcherW')
  const thread = calls.createThread(null, 0, dispatcher, table, 0, null)
  // It also keeps the process going until the manager calls.
  const look = setInterval(() => {
    const code = Buffer.alloc(4)
    calls.threadCode(thread, code)
    if (code.readUInt32LE() === stillActive) return
    clearInterval(look)
    onRefused(new Error('run-service is for the service manager; use "agent start", or "agent run" to run it here'))
  }, lookEveryMs)
}

type Calls = ReturnType<typeof declare>

function declare(koffi: Koffi) {
  const Main = koffi.proto('void FalconServiceMain(uint32 count, void *args)')
  const Handler = koffi.proto('uint32 FalconServiceControl(uint32 control, uint32 type, void *data, void *context)')
  koffi.struct('FALCON_SERVICE_ENTRY', { name: 'str16', main: koffi.pointer(Main) })
  const advapi = koffi.load('advapi32.dll')
  const kernel = koffi.load('kernel32.dll')
  return {
    Main,
    Handler,
    registerHandler: advapi.func(
      'void *RegisterServiceCtrlHandlerExW(str16 name, FalconServiceControl *handler, void *context)',
    ) as (...args: unknown[]) => unknown,
    setStatus: advapi.func('int SetServiceStatus(void *handle, void *status)') as (
      handle: unknown,
      status: Buffer,
    ) => number,
    moduleOf: kernel.func('void *GetModuleHandleW(str16 name)') as (name: string) => unknown,
    addressOf: kernel.func('void *GetProcAddress(void *module, str name)') as (
      module: unknown,
      name: string,
    ) => unknown,
    createThread: kernel.func(
      'void *CreateThread(void *security, size_t stack, void *start, void *argument, uint32 flags, void *id)',
    ) as (...args: unknown[]) => unknown,
    threadCode: kernel.func('int GetExitCodeThread(void *thread, void *code)') as (
      thread: unknown,
      code: Buffer,
    ) => number,
    lastError: kernel.func('uint32 GetLastError()') as () => number,
  }
}
