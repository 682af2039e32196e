import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createEcho } from './echo.ts'
import { echoRequest, icmp4, icmp6, readEchoReply, withoutIpHeader } from './icmp.ts'
import type { IcmpAddress, IcmpCalls, ReceivedPacket } from './icmp-socket.ts'

/** A network that answers what `reply` makes of each request; the wall clock stands still. */
function network(reply: (message: Buffer, to: Buffer) => Partial<ReceivedPacket>[]) {
  const arrived: ReceivedPacket[] = []
  const open = { now: 0, ever: 0 }
  const calls: IcmpCalls = {
    open(version) {
      open.now++
      open.ever++
      return {
        family: version === 4 ? icmp4 : icmp6,
        send(to, message) {
          for (const packet of reply(Buffer.from(message), to.bytes))
            arrived.push({ message, from: to.bytes, atMs: 1000, ...packet })
        },
        receive: () => arrived.shift(),
        close: () => void open.now--,
      }
    },
    address(text): IcmpAddress {
      return { structure: Buffer.from(text), bytes: Buffer.from(text) }
    },
    now: () => 1000,
  }
  return { echo: createEcho(async () => calls), open }
}

/** The reply to a request. */
function answerTo(message: Buffer): Buffer {
  const reply = Buffer.from(message)
  reply[0] = 0
  return reply
}

test('the time is that of the kernel, from sending to arrival', async () => {
  const { echo } = network((message) => [{ message: answerTo(message), atMs: 1000.25 }])
  expect(await echo('10.0.0.1', 5000)).toBe(0.25)
})

test('a wall clock that was set meanwhile is not believed', async () => {
  const { echo } = network((message) => [{ message: answerTo(message), atMs: 900 }])
  expect(await echo('10.0.0.1', 5000)).toBeGreaterThan(0)
})

test('many wait at one socket, and each gets its own reply in whatever order they come', async () => {
  const held: Partial<ReceivedPacket>[] = []
  const { echo, open } = network((message, to) => {
    held.unshift({ message: answerTo(message), from: to, atMs: 1000 + Number(to.toString()) / 1e6 })
    return held.length === 100 ? held : []
  })
  const asked = Array.from({ length: 100 }, (_, i) => echo(String(i), 5000))
  expect((await Promise.all(asked)).map((time) => Math.round((time ?? 0) * 1e6))).toEqual(asked.map((_, i) => i))
  expect(open.ever).toBe(1)
})

test('requests of our own on loopback, replies of strangers and of other programs are none', async () => {
  const { echo } = network((message, to) => {
    const ofOthers = answerTo(message)
    ofOthers[ofOthers.length - 1] = (ofOthers.at(-1) ?? 0) ^ 1
    const toAnother = answerTo(message)
    toAnother.writeUInt16BE(toAnother.readUInt16BE(6) + 1, 6)
    return [
      { message },
      { message: ofOthers },
      { message: toAnother },
      { message: Buffer.alloc(3) },
      { message: answerTo(message), from: Buffer.from('stranger') },
      { message: answerTo(message), from: to, atMs: 1000.5 },
      { message: answerTo(message), from: to, atMs: 1000.75 },
    ]
  })
  const time = await echo('10.0.0.1', 5000)
  expect(time).toBeLessThan(0.75)
})

test('without a reply it is undefined', async () => {
  expect(await network(() => []).echo('10.0.0.1', 20)).toBeUndefined()
})

test('a refusal to send is told to who asked, and others are not held up', async () => {
  const { echo } = network((message, to) => {
    if (to.toString() === 'a') throw new Error('no route')
    return [{ message: answerTo(message) }]
  })
  const [refused, answered] = await Promise.allSettled([echo('a', 5000), echo('b', 5000)])
  expect(refused).toMatchObject({ status: 'rejected', reason: { message: 'no route' } })
  expect(answered.status).toBe('fulfilled')
})

test('a request has the checksum of the internet, and reads back', () => {
  const request = echoRequest(icmp4, 0x1234, 7, Buffer.from('abc'))
  expect(request.toString('hex')).toBe('0800216212340007616263')
  request[0] = 0
  expect(readEchoReply(icmp4, request)).toEqual({ id: 0x1234, sequence: 7, payload: Buffer.from('abc') })
  expect(echoRequest(icmp6, 1, 2, Buffer.alloc(0)).toString('hex')).toBe('8000000000010002')
  expect(withoutIpHeader(Buffer.from([0x46, ...Array<number>(23).fill(9), 1, 2])).toString('hex')).toBe('0102')
})

/** Whether this process may send echoes, as the kernel's own rules have it. */
function isPermitted(): boolean {
  const [first = 1, last = 0] = readFileSync('/proc/sys/net/ipv4/ping_group_range', 'utf8').split(/\s+/).map(Number)
  const groups = [process.getegid?.() ?? -1, ...(process.getgroups?.() ?? [])]
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
  const netRaw = (BigInt(`0x${effective}`) >> 13n) & 1n
  return netRaw === 1n || groups.some((group) => group >= first && group <= last)
}

test('this machine answers itself, or says what it takes to ask', async () => {
  const echo = createEcho()
  if (isPermitted()) {
    expect(await echo('127.0.0.1', 5000)).toBeGreaterThan(0)
    await expect(echo('255.255.255.255', 20)).rejects.toThrow('Cannot send an ICMP echo: ')
  } else {
    await expect(echo('127.0.0.1', 5000)).rejects.toThrow('/proc/sys/net/ipv4/ping_group_range')
  }
})
