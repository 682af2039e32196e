import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createBus } from './bus.ts'
import type { BusCall } from './message.ts'
import { messageLength } from './message.ts'
import { createSystemd, unitName, unitPath } from './systemd.ts'

/** What systemd 252 answered to ListUnits with serial 1. */
const recorded = await readFile(new URL('list-units.bin', import.meta.url))

let folder: string
let socketPath: string
let server: Server | undefined
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bus-'))
  socketPath = join(folder, 'socket')
})
afterEach(async () => {
  server?.close()
  await rm(folder, { recursive: true })
})

interface OtherSide {
  /** The calls that arrived, as text in which names can be looked for. */
  readonly calls: string[]
  readonly connections: Socket[]
}

/** Greets as systemd does; `answer` gives what is sent for the call of that serial. */
async function startOtherSide(
  answer: (serial: number, call: string) => Buffer | undefined,
  greeting = 'DATA\r\nOK 0123456789abcdef\r\n',
  pieceBytes = Infinity,
): Promise<OtherSide> {
  const found: OtherSide = { calls: [], connections: [] }
  server = createServer((socket) => {
    found.connections.push(socket)
    socket.on('error', () => undefined)
    let received: Buffer = Buffer.alloc(0)
    let greeted = false
    const say = (bytes: Buffer) => {
      for (let at = 0; at < bytes.length; at += pieceBytes) socket.write(bytes.subarray(at, at + pieceBytes))
    }
    socket.on('data', (part: Buffer) => {
      received = Buffer.concat([received, part])
      const begin = received.indexOf('BEGIN\r\n')
      if (!greeted && begin < 0) return
      if (!greeted) {
        expect(received.toString('latin1')).toBe('\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n')
        greeted = true
        received = Buffer.alloc(0)
        return say(Buffer.from(greeting))
      }
      while (received.length >= 16 && received.length >= messageLength(received)) {
        const message = received.subarray(0, messageLength(received))
        received = received.subarray(message.length)
        const call = message.toString('latin1')
        found.calls.push(call)
        const reply = answer(message.readUInt32LE(8), call)
        if (reply) say(reply)
      }
    })
  }).listen(socketPath)
  await once(server, 'listening')
  return found
}

/** An answer, or an error by its name, with one variant of a text as its body. */
function answerWith(
  replyTo: number,
  { state = '', error }: { state?: string; error?: string },
  bigEndian = false,
): Buffer {
  const uint32 = (value: number) => {
    const bytes = Buffer.alloc(4)
    return bigEndian ? (bytes.writeUInt32BE(value), bytes) : (bytes.writeUInt32LE(value), bytes)
  }
  const text = (value: string) => Buffer.concat([uint32(value.length), Buffer.from(`${value}\0`)])
  const aligned = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)])
  const body = error === undefined ? Buffer.concat([Buffer.from('\x01s\0\0', 'latin1'), text(state)]) : Buffer.alloc(0)
  const fields = Buffer.concat([
    Buffer.concat([Buffer.from('\x05\x01u\0', 'latin1'), uint32(replyTo)]),
    ...(error === undefined ? [] : [Buffer.concat([Buffer.from('\x04\x01s\0', 'latin1'), text(error)])]),
  ])
  const start = Buffer.from([(bigEndian ? 'B' : 'l').charCodeAt(0), error === undefined ? 2 : 3, 0, 1])
  return Buffer.concat([start, uint32(body.length), uint32(7), uint32(fields.length), aligned(fields), body])
}

const direct = (answerMs = 5000) => createBus({ socketPath, direct: true, answerMs })

test.each([Infinity, 1, 7, 1000])('units are read as systemd lists them, in pieces of %d bytes', async (pieceBytes) => {
  await startOtherSide(() => recorded, undefined, pieceBytes)
  const units = await createSystemd(direct()).units()
  expect(units).toHaveLength(24)
  expect(units[0]).toEqual({ name: 'sockets.target', state: 'active' })
  expect(units).toContainEqual({ name: 'dirmngr.service', state: 'inactive' })
  expect(units).toContainEqual({ name: 'dev-vda.device', state: 'activating' })
  expect(units.every(({ name, state }) => name.includes('.') && /^[a-z]+$/.test(state))).toBe(true)
})

test('calls made side by side share a connection, which is closed with the last answer', async () => {
  const other = await startOtherSide((serial, call) =>
    answerWith(serial, { state: call.includes('ssh_2eservice') ? 'active' : 'failed' }),
  )
  const systemd = createSystemd(direct())
  const ask = () => Promise.all(['ssh.service', 'nginx.service'].map((unit) => systemd.activeState(unit)))
  expect(await ask()).toEqual(['active', 'failed'])
  await expect.poll(() => other.connections.map((socket) => socket.destroyed)).toEqual([true])
  expect(await ask()).toEqual(['active', 'failed'])
  expect(other.connections).toHaveLength(2)
})

test('a bus is greeted first, and must not start anything for us', async () => {
  const other = await startOtherSide((serial) => answerWith(serial, { state: 'active' }))
  const bus = createBus({ socketPath, direct: false, answerMs: 5000 })
  expect(await createSystemd(bus).activeState('ssh.service')).toBe('active')
  expect(other.calls[0]).toContain('Hello')
  expect(other.calls[1]).toContain('ActiveState')
  expect(other.calls.map((call) => call.charCodeAt(2))).toEqual([2, 2])
})

test('an answer in the other order of bytes is understood', async () => {
  await startOtherSide((serial) => answerWith(serial, { state: 'reloading' }, true))
  expect(await createSystemd(direct()).activeState('ssh.service')).toBe('reloading')
})

test('signals and answers to nobody are passed over', async () => {
  const signal = answerWith(1, { state: 'x' })
  signal[1] = 4
  await startOtherSide((serial) => Buffer.concat([signal, answerWith(99, {}), answerWith(serial, { state: 'active' })]))
  expect(await createSystemd(direct()).activeState('ssh.service')).toBe('active')
})

const anyCall: BusCall = { destination: 'a.b', path: '/', interface: 'a.b', member: 'C', arguments: [] }

test.each([
  ['refuses us', 'REJECTED EXTERNAL\r\n', 'it answers "REJECTED EXTERNAL"'],
  ['is no bus', 'HTTP/1.1 400 Bad Request\r\n', 'it answers "HTTP/1.1 400 Bad Request"'],
  ['speaks another version', `OK 1\r\n${'l'.repeat(16)}`, 'Cannot read a message of the bus: version 108'],
])('the other side %s: the call fails and says so', async (_, greeting, reason) => {
  await startOtherSide(() => undefined, greeting)
  await expect(direct().call(anyCall)).rejects.toThrow(reason)
})

test('an error has its name', async () => {
  await startOtherSide((serial) => answerWith(serial, { error: 'org.freedesktop.DBus.Error.AccessDenied' }))
  await expect(direct().call(anyCall)).rejects.toThrow('Cannot call a.b.C: org.freedesktop.DBus.Error.AccessDenied')
})

test('a side that does not answer, or goes away, or is not there fails all that wait, and later calls try again', async () => {
  const bus = direct(50)
  await expect(bus.call(anyCall)).rejects.toThrow('ENOENT')
  const other = await startOtherSide(() => undefined)
  const waiting = [bus.call(anyCall), bus.call(anyCall)]
  for (const call of waiting) await expect(call).rejects.toThrow('no answer within 0.05 s')
  const patient = direct(60_000)
  const cut = patient.call(anyCall)
  await expect.poll(() => other.calls.length).toBe(3)
  other.connections.at(-1)?.destroy()
  await expect(cut).rejects.toThrow('it closed the connection')
})

test('an answer that says it is longer than any is refused before it is held', async () => {
  await startOtherSide((serial) => {
    const answer = answerWith(serial, {})
    answer.writeUInt32LE(2 ** 31, 4)
    return answer
  })
  await expect(direct().call(anyCall)).rejects.toThrow('bytes')
})

test('the name of a service may be short, that of another unit is whole', () => {
  expect(['nginx', 'php7.4-fpm', 'docker.socket', '-.mount', 'a.service'].map(unitName)).toEqual([
    'nginx.service',
    'php7.4-fpm.service',
    'docker.socket',
    '-.mount',
    'a.service',
  ])
})

test('paths of units are escaped as systemd does', () => {
  expect(unitPath('sockets.target')).toBe('/org/freedesktop/systemd1/unit/sockets_2etarget')
  expect(unitPath('-.mount')).toBe('/org/freedesktop/systemd1/unit/_2d_2emount')
  expect(unitPath('7zip@é.service')).toBe('/org/freedesktop/systemd1/unit/_37zip_40_c3_a9_2eservice')
})
