import { expect, test } from 'vitest'
import { encodeQuestion, packetBytes, readAnswer } from './packet.ts'

const now = Date.UTC(2026, 10, 25, 12)
const seconds = now / 1000 + 2_208_988_800

/** What a server of stratum 2 answers half a second before `now` of this host, unless told otherwise. */
function answer(question: Buffer, change: (packet: Buffer) => void = () => undefined): Buffer {
  const packet = Buffer.alloc(packetBytes)
  packet[0] = 0b00_100_100
  packet[1] = 2
  question.copy(packet, 24, 40, 48)
  packet.writeUInt32BE(seconds - 1, 32)
  packet.writeUInt32BE(2 ** 31, 36)
  packet.writeUInt32BE(seconds - 1, 40)
  packet.writeUInt32BE(0xc0000000, 44)
  change(packet)
  return packet
}

test('a question is one of a client of version 4 and tells nothing of this host', () => {
  const question = encodeQuestion()
  expect([...question.subarray(0, 40)]).toEqual([0x23, ...Array.from({ length: 39 }, () => 0)])
  expect(question.subarray(40)).not.toEqual(encodeQuestion().subarray(40))
})

test('an answer has the two times of the server', () => {
  const question = encodeQuestion()
  expect(readAnswer(answer(question), question, now)).toEqual({
    kind: 'time',
    answer: { receivedMs: now - 500, sentMs: now - 250 },
  })
})

test('what follows the packet, as authentication, does not matter', () => {
  const question = encodeQuestion()
  expect(readAnswer(Buffer.concat([answer(question), Buffer.alloc(20)]), question, now)?.kind).toBe('time')
})

test('the second era, which begins in 2036, is understood, also by a host whose clock is years off', () => {
  const question = encodeQuestion()
  const in2036 = Date.UTC(2036, 1, 8)
  const packet = answer(question, (it) => {
    for (const at of [32, 40]) it.writeUInt32BE((in2036 / 1000 + 2_208_988_800) % 2 ** 32, at)
  })
  for (const nearMs of [in2036, Date.UTC(2026, 0, 1), Date.UTC(2060, 0, 1)]) {
    expect(readAnswer(packet, question, nearMs)).toMatchObject({ answer: { receivedMs: in2036 + 500 } })
  }
})

test.each([
  ['a server without a time of its own', (it: Buffer) => it.writeUInt8(0b11_100_100, 0), 'useless'],
  ['a stratum that means none', (it: Buffer) => it.writeUInt8(16, 1), 'useless'],
  ['no time', (it: Buffer) => it.fill(0, 40, 48), 'useless'],
  ['sent before it was received', (it: Buffer) => it.writeUInt32BE(seconds - 9, 40), 'useless'],
  ['an answer to another question', (it: Buffer) => it.writeUInt8((it[31] ?? 0) ^ 1, 31), undefined],
  ['a question', (it: Buffer) => it.writeUInt8(0x23, 0), undefined],
])('%s is not taken for the time', (_, change, kind) => {
  const question = encodeQuestion()
  expect(readAnswer(answer(question, change), question, now)?.kind).toBe(kind)
})

test('a short packet is none', () => {
  const question = encodeQuestion()
  expect(readAnswer(answer(question).subarray(0, 47), question, now)).toBeUndefined()
})

test('a kiss of death has its code', () => {
  const question = encodeQuestion()
  const packet = answer(question, (it) => {
    it[1] = 0
    it.write('RATE', 12, 'latin1')
  })
  expect(readAnswer(packet, question, now)).toEqual({ kind: 'kiss', code: 'RATE' })
})
