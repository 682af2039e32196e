import { Socket } from 'node:net'
import { createLogger } from '#lib/log'
import { serveRpc } from '#lib/rpc'
import type { RpcService } from '#lib/rpc'
import { openLane } from './lane.ts'
import type { Lane } from './lane.ts'
import type { FromLane, ToLane } from './messages.ts'

// A lane as a process of its own, started by `remote.ts`: it serves the connections that it is given, and has no port.

let lane: Lane | undefined
let service: RpcService | undefined

function say(message: FromLane): void {
  // The one who asked may be gone; then this process ends by itself.
  if (process.connected) process.send?.(message)
}

async function open({ number, config, spoolDir }: Extract<ToLane, { kind: 'open' }>): Promise<void> {
  const log = createLogger('transfer', { debug: config.debug }).child({ worker: number })
  try {
    lane = await openLane({ config, spoolDir, log, now: Date.now })
    const cpuSeconds = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6
    lane.counters.counted(`worker.${number}.cpuSeconds`, cpuSeconds)
    lane.counters.gauge(`worker.${number}.residentBytes`, () => process.memoryUsage.rss())
    service = await serveRpc(lane.rpc)
    say({ kind: 'ready' })
  } catch (error) {
    say({ kind: 'failed', reason: (error as Error).message })
    process.exitCode = 1
    process.disconnect()
  }
}

function answer({ id, face, args }: Extract<ToLane, { kind: 'ask' }>): void {
  try {
    if (!lane) throw new Error('it is not open yet')
    const ask = lane.faces[face] as (...args: readonly unknown[]) => unknown
    say({ kind: 'answer', id, value: ask(...args) })
  } catch (error) {
    say({ kind: 'refused', id, reason: (error as Error).message })
  }
}

function serve(socket: Socket, address: string): void {
  socket.once('close', () => say({ kind: 'closed', address }))
  if (service) service.take(socket)
  else socket.destroy()
}

async function close(): Promise<void> {
  await service?.close()
  await lane?.close()
  process.exit(0)
}

process.on('message', (message: ToLane, handle: unknown) => {
  if (message.kind === 'open') void open(message)
  else if (message.kind === 'ask') answer(message)
  else if (message.kind === 'close') void close()
  else if (handle instanceof Socket) serve(handle, message.address)
})
// Without the one who accepts connections there is nothing to do. What is acknowledged is safe; the rest its senders keep.
process.on('disconnect', () => process.exit())
// A signal to the whole group (Ctrl-C) is the first process's to act on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
