import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { KissOfDeath, askServer, parseServer } from './ask.ts'

let server: Socket | undefined
afterEach(() => server?.close())

/** A time server whose clock is `aheadMs` ahead of the one that the test asks with; `answers` changes what it sends. */
async function startServer(timeMs: () => number, answers: (packet: Buffer) => Buffer[] = (packet) => [packet]) {
  const socket = createSocket('udp4')
  server = socket
  socket.on('message', (question, { port, address }) => {
    const packet = Buffer.alloc(48)
    packet[0] = 0b00_100_100
    packet[1] = 1
    question.copy(packet, 24, 40, 48)
    for (const at of [32, 40]) {
      const seconds = timeMs() / 1000 + 2_208_988_800
      packet.writeUInt32BE(Math.floor(seconds) % 2 ** 32, at)
      packet.writeUInt32BE(Math.floor((seconds % 1) * 2 ** 32), at + 4)
    }
    for (const answer of answers(packet)) socket.send(answer, port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return `127.0.0.1:${socket.address().port}`
}

/** Clocks that stand still until the answer comes, 40 ms later. */
function clocks(nowMs: number) {
  const readings = [0, 40]
  return { now: () => nowMs, monotonic: () => readings.shift() ?? 40 }
}

const now = Date.UTC(2026, 10, 25, 12)

test.each([
  ['ahead of its server', now - 7000, 7020],
  ['behind it', now + 7000, -6980],
])('a host that is %s', async (_, serverMs, offsetMs) => {
  const measured = await askServer(await startServer(() => serverMs), 5000, clocks(now))
  expect(measured.offsetMs).toBeCloseTo(offsetMs, 1)
  expect(measured.delayMs).toBeCloseTo(40, 1)
})

test('what the server takes to answer is no part of the way', async () => {
  let timeMs = now
  const address = await startServer(() => (timeMs += 30))
  const measured = await askServer(address, 5000, clocks(now))
  expect(measured.delayMs).toBeCloseTo(10, 1)
})

test('answers to questions of others are waited past', async () => {
  const address = await startServer(
    () => now,
    (packet) => {
      const foreign = Buffer.from(packet)
      foreign.writeUInt8((foreign[24] ?? 0) ^ 0xff, 24)
      return [foreign, Buffer.from('noise'), packet]
    },
  )
  expect((await askServer(address, 5000, clocks(now))).offsetMs).toBeCloseTo(20, 1)
})

test('a kiss of death is told from an answer', async () => {
  const address = await startServer(
    () => now,
    (packet) => {
      packet[1] = 0
      packet.write('DENY', 12, 'latin1')
      return [packet]
    },
  )
  const asking = askServer(address, 5000)
  await expect(asking).rejects.toThrow(KissOfDeath)
  await expect(asking).rejects.toThrow(`Cannot ask ${address} for the time: it answers DENY`)
})

test('one that does not answer is given up', async () => {
  const address = await startServer(
    () => now,
    () => [],
  )
  await expect(askServer(address, 30)).rejects.toThrow('no answer within 0.03 s')
})

test('one that is not there says so', async () => {
  const address = await startServer(() => now)
  server?.close()
  server = undefined
  await expect(askServer(address, 5000)).rejects.toThrow('ECONNREFUSED')
})

test('servers are named with or without a port', () => {
  expect(parseServer('ntp.example')).toEqual({ host: 'ntp.example', port: 123 })
  expect(parseServer('ntp.example:1123')).toEqual({ host: 'ntp.example', port: 1123 })
  expect(parseServer('2001:db8::1')).toEqual({ host: '2001:db8::1', port: 123 })
  expect(parseServer('[2001:db8::1]:1123')).toEqual({ host: '2001:db8::1', port: 1123 })
})
