import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { decodeAnswer, encodeCall, fixedHeaderBytes, messageLength } from './message.ts'
import type { BodyReader, BusCall } from './message.ts'

export interface Bus {
  /**
   * The values that the method answers.
   * @throws BusError when it answers with an error, Error when there is no answer in time.
   */
  call(call: BusCall): Promise<BodyReader>
}

/** The other side took the call and refused it. */
export class BusError extends Error {
  override name = 'BusError'
  /** For example `org.freedesktop.DBus.Error.NameHasNoOwner`. */
  readonly kind: string

  constructor(call: BusCall, kind: string) {
    super(`Cannot call ${call.interface}.${call.member}: ${kind}`)
    this.kind = kind
  }
}

interface Waiting {
  readonly call: BusCall
  readonly resolve: (body: BodyReader) => void
  readonly reject: (error: Error) => void
}

const hello: BusCall = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
  member: 'Hello',
  arguments: [],
}

/**
 * Calls methods over a socket, `direct` to the program that listens there, else through a bus, which wants to be greeted
 * first. Calls made while others wait share their connection; it is closed when none waits.
 */
export function createBus(options: { socketPath: string; direct: boolean; answerMs: number }): Bus {
  const { socketPath, direct, answerMs } = options
  let connection: Connection | undefined

  return {
    call(call) {
      if (!connection?.isOpen()) {
        connection = connectTo(socketPath, answerMs)
        // Its answer is of no interest: what follows is refused if it was.
        if (!direct) connection.send({ call: hello, resolve: () => undefined, reject: () => undefined })
      }
      const open = connection
      return new Promise((resolve, reject) => open.send({ call, resolve, reject }))
    },
  }
}

interface Connection {
  isOpen(): boolean
  send(waiting: Waiting): void
}

function connectTo(socketPath: string, answerMs: number): Connection {
  const socket: Socket = connect({ path: socketPath })
  const waiting = new Map<number, Waiting>()
  let serial = 0
  let greeted = false
  let held: Buffer[] = []
  let received: Buffer = Buffer.alloc(0)
  let over = false
  const deadline = setTimeout(() => end(`no answer within ${answerMs / 1000} s`), answerMs)

  function end(reason: string): void {
    over = true
    clearTimeout(deadline)
    socket.destroy()
    for (const { reject } of waiting.values()) reject(new Error(`Cannot ask at ${socketPath}: ${reason}`))
    waiting.clear()
  }

  /** Lines, until the other side has taken us for who the kernel says we are. */
  function greet(): void {
    for (let at = received.indexOf('\r\n'); at >= 0 && !greeted; at = received.indexOf('\r\n')) {
      const line = received.toString('latin1', 0, at)
      received = received.subarray(at + 2)
      if (line.startsWith('OK')) {
        greeted = true
        socket.write(Buffer.concat(held))
        held = []
      } else if (!line.startsWith('DATA')) return end(`it answers "${line.slice(0, 100)}"`)
    }
  }

  function take(): void {
    while (received.length >= fixedHeaderBytes) {
      const length = messageLength(received)
      if (received.length < length) return
      const answer = decodeAnswer(received.subarray(0, length))
      received = received.subarray(length)
      const asked = answer && waiting.get(answer.replyTo)
      if (!answer || !asked) continue
      waiting.delete(answer.replyTo)
      if (answer.error === undefined) asked.resolve(answer.body)
      else asked.reject(new BusError(asked.call, answer.error))
    }
  }

  socket.on('data', (part) => {
    received = received.length === 0 ? part : Buffer.concat([received, part])
    try {
      if (!greeted) greet()
      if (greeted) take()
    } catch (error) {
      end((error as Error).message)
    }
    if (greeted && waiting.size === 0 && !over) end('all is answered')
  })
  socket.on('error', (error) => end(error.message))
  socket.on('close', () => end('it closed the connection'))
  // All at once, so that with its OK it has read BEGIN too: a call that systemd reads together with BEGIN it forgets.
  socket.write('\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n')

  return {
    isOpen: () => !over,
    send(asked) {
      waiting.set(++serial, asked)
      const message = encodeCall(asked.call, serial)
      if (greeted) socket.write(message)
      else held.push(message)
    },
  }
}
