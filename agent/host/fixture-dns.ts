import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv4 } from 'node:net'

const types: Readonly<Record<number, string>> = { 1: 'A', 28: 'AAAA', 16: 'TXT' }

/**
 * For tests: a DNS server on loopback. `answer` gives addresses or texts of a name; none for an empty answer,
 * undefined when there is no such name.
 */
export async function answerQuestions(
  answer: (name: string, type: string) => readonly string[] | undefined,
): Promise<Socket> {
  const server = createSocket('udp4').bind(0, '127.0.0.1')
  await once(server, 'listening')
  server.on('message', (question, from) => {
    const labels: string[] = []
    let at = 12
    for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
      labels.push(question.toString('latin1', at + 1, at + 1 + length))
      at += 1 + length
    }
    const type = question.readUInt16BE(at + 1)
    const found = answer(labels.join('.'), types[type] ?? String(type))
    const header = Buffer.from(question.subarray(0, at + 5))
    header.writeUInt16BE(found ? 0x8180 : 0x8183, 2)
    header.writeUInt16BE(found?.length ?? 0, 6)
    header.writeUInt16BE(0, 8)
    header.writeUInt16BE(0, 10)
    server.send(Buffer.concat([header, ...(found ?? []).map((text) => record(type, text))]), from.port, from.address)
  })
  return server
}

/** Of the name that was asked for, valid for a minute. */
function record(type: number, text: string): Buffer {
  const data =
    type === 1 ? ipv4(text) : type === 28 ? ipv6(text) : Buffer.concat([Buffer.from([text.length]), Buffer.from(text)])
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0xc00c, 0)
  head.writeUInt16BE(type, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt32BE(60, 6)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

function ipv4(text: string): Buffer {
  if (!isIPv4(text)) throw new Error(`Cannot answer with "${text}": no IPv4 address`)
  return Buffer.from(text.split('.').map(Number))
}

/** Of the form `head::tail` only. */
function ipv6(text: string): Buffer {
  const [head = [], tail = []] = text.split('::').map((side) => side.split(':').filter((group) => group !== ''))
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail]
  const bytes = Buffer.alloc(16)
  for (const [i, group] of groups.entries()) bytes.writeUInt16BE(Number.parseInt(group, 16), i * 2)
  return bytes
}
