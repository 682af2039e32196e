import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { performance } from 'node:perf_hooks'
import { withDeadline } from '../host/deadline.ts'
import { encodeQuestion, readAnswer } from './packet.ts'

/** Milliseconds. */
export interface Measured {
  /** How far this host is ahead of the server. */
  readonly offsetMs: number
  /** Of the way there and back: the offset is wrong by half of it at most. */
  readonly delayMs: number
}

/** A server that does not want to be asked any more, or less often. */
export class KissOfDeath extends Error {
  override name = 'KissOfDeath'
  readonly code: string

  constructor(server: string, code: string) {
    super(`Cannot ask ${server} for the time: it answers ${code}`)
    this.code = code
  }
}

const standardPort = 123

/** `ntp.example`, `ntp.example:1123`, `2001:db8::1`, `[2001:db8::1]:1123`. */
export function parseServer(text: string): { host: string; port: number } {
  const match = isIP(text) === 0 ? /^\[?(.+?)\]?:(\d{1,5})$/.exec(text) : null
  return { host: match?.[1] ?? text, port: match ? Number(match[2]) : standardPort }
}

export interface Clocks {
  /** Unix milliseconds. */
  readonly now: () => number
  /** Milliseconds on a clock that never jumps. */
  readonly monotonic: () => number
}

export const systemClocks: Clocks = { now: Date.now, monotonic: () => performance.now() }

/**
 * Asks one server once, by SNTP.
 * @throws KissOfDeath when it wants to be left in peace, Error when there is no usable answer in time.
 */
export async function askServer(server: string, answerMs: number, clocks: Clocks = systemClocks): Promise<Measured> {
  const { host, port } = parseServer(server)
  const late = (): never => {
    throw new Error(`Cannot ask ${server} for the time: no answer within ${answerMs / 1000} s`)
  }
  const { address, family } = await withDeadline(lookup(host), answerMs, late)
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
  // A server that does not answer must not keep a process that wants to stop.
  socket.unref()
  try {
    return await withDeadline(exchange(socket, server, { address, port }, clocks), answerMs, late)
  } finally {
    socket.close()
  }
}

function exchange(
  socket: ReturnType<typeof createSocket>,
  server: string,
  { address, port }: { address: string; port: number },
  { now, monotonic }: Clocks,
): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const question = encodeQuestion()
    let askedMs = 0
    let askedAt = 0
    socket.on('error', (error) => reject(new Error(`Cannot ask ${server} for the time: ${error.message}`)))
    socket.on('message', (packet) => {
      // The way is measured on the clock that never jumps, so that a jump on the way is not half counted.
      const tookMs = monotonic() - askedAt
      const reading = readAnswer(packet, question, askedMs)
      if (!reading) return
      if (reading.kind === 'kiss') return reject(new KissOfDeath(server, reading.code))
      if (reading.kind === 'useless') return reject(new Error(`Cannot use the answer of ${server}: ${reading.reason}`))
      const { receivedMs, sentMs } = reading.answer
      const middle = (receivedMs + sentMs) / 2
      resolve({
        offsetMs: askedMs + tookMs / 2 - middle,
        delayMs: Math.max(0, tookMs - (sentMs - receivedMs)),
      })
    })
    // Connected, it takes answers of that address only.
    socket.connect(port, address, () => {
      askedMs = now()
      askedAt = monotonic()
      socket.send(question)
    })
  })
}
