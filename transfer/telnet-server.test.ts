import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import { createRejected } from './rejected.ts'
import { listenTelnet } from './telnet-server.ts'
import type { TelnetOptions, TelnetServer } from './telnet-server.ts'

let server: TelnetServer | undefined
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await server?.close()
})

async function setup(options: Partial<TelnetOptions> = {}) {
  const counters = createCounters()
  const rejected = createRejected(counters, 5, Date.now)
  const taken: string[][] = []
  server = await listenTelnet({
    listen: '127.0.0.1:0',
    timeoutSeconds: 60,
    maxLineBytes: 1000,
    maxLines: 100,
    maxConnections: 10,
    intake: {
      take: async (items) => {
        taken.push(items.map((item) => item?.metric ?? ''))
        return { Message: 'ok', Total: items.length, Invalid: 0, Latency: 0 }
      },
      takeRouted: () => Promise.reject(new Error('not by this way')),
      refuseCall: () => undefined,
    },
    rejected,
    counters,
    log: createLogger('test', { destination: { write: () => undefined } }),
    ...options,
  })
  return { port: server.port, taken, rejected, counters }
}

async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  sockets.push(socket)
  await once(socket, 'connect')
  return socket.resume()
}

const line = (metric: string) => `update h ${metric} 1790000040 1\n`

test('lines are held until quit, however they are cut into packets', async () => {
  const { port, taken } = await setup()
  const socket = await dial(port)
  for (const byte of `${line('a')}${line('b')}qui`) socket.write(byte)
  await new Promise((resolve) => void setTimeout(resolve, 30))
  expect(taken).toEqual([])
  socket.write('t\n')
  await once(socket, 'end')
  expect(taken).toEqual([['a', 'b']])
})

test('a line that never ends closes the connection; what was complete is kept, the rest is counted', async () => {
  const { port, taken, rejected } = await setup()
  const socket = await dial(port)
  socket.write(line('a') + 'x'.repeat(1001))
  await once(socket, 'end')
  expect(taken).toEqual([['a']])
  expect(rejected.report()).toMatchObject({ 'telnet: line too long': { count: 1 } })
})

test('a sender of many lines is served before it quits, so that few are held', async () => {
  const { port, taken } = await setup({ maxLines: 10 })
  const socket = await dial(port)
  for (let i = 0; i < 25; i++) socket.write(line(`m${i}`))
  await vi.waitFor(() => expect(taken.flat().length).toBeGreaterThanOrEqual(10))
  socket.end()
  await once(socket, 'end')
  expect(taken.flat()).toEqual(Array.from({ length: 25 }, (_, i) => `m${i}`))
})

test('silence ends a connection as quit does', async () => {
  const { port, taken } = await setup({ timeoutSeconds: 0.05 })
  const socket = await dial(port)
  socket.write(line('a'))
  await once(socket, 'end')
  expect(taken).toEqual([['a']])
})

test('a connection that breaks has been heard up to there', async () => {
  const { port, taken } = await setup()
  const socket = await dial(port)
  socket.write(line('a'))
  await vi.waitFor(() => expect(server?.connections()).toBe(1))
  await new Promise((resolve) => void setTimeout(resolve, 20))
  socket.resetAndDestroy()
  await vi.waitFor(() => expect(taken).toEqual([['a']]))
  await vi.waitFor(() => expect(server?.connections()).toBe(0))
})

test('closing processes what connections hold', async () => {
  const { port, taken } = await setup()
  const socket = await dial(port)
  socket.write(line('a'))
  await new Promise((resolve) => void setTimeout(resolve, 20))
  const ended = once(socket, 'end').then(() => socket.end())
  await server?.close()
  await ended
  expect(taken).toEqual([['a']])
})

test('samples that could not be kept are counted as lost, since nobody will send them again', async () => {
  const { port, counters } = await setup({
    intake: {
      take: () => Promise.reject(new Error('disk full')),
      takeRouted: () => Promise.reject(new Error('not by this way')),
      refuseCall: () => undefined,
    },
  })
  const socket = await dial(port)
  socket.write(`${line('a')}${line('b')}quit\n`)
  await once(socket, 'end')
  expect(counters.get('SocketLostCnt')).toBe(2)
})

test('more connections than allowed are closed and counted', async () => {
  const { port, counters } = await setup({ maxConnections: 1 })
  await dial(port)
  await vi.waitFor(() => expect(server?.connections()).toBe(1))
  const second = await dial(port)
  await vi.waitFor(() => expect(counters.get('SocketDroppedConnectionCnt')).toBe(1))
  await vi.waitFor(() => expect(second.readable).toBe(false))
  expect(server?.connections()).toBe(1)
})
