import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { parseListen } from '#lib/config'
import { FormatError } from './bytes.ts'
import type { ByteReader } from './bytes.ts'
import type { LinkAck, SampleColumns } from './columns.ts'
import { createDictionary } from './dictionary.ts'
import {
  encodeEmpty,
  encodeGoodbye,
  encodeMessage,
  encodeSamples,
  frameTypes,
  restAsText,
  takeFrame,
} from './frames.ts'
import { encodeGreeting, linkVersion } from './greeting.ts'
import { receiveGreeting } from './handshake.ts'
import { keepAlive } from './heartbeat.ts'
import { Inbox } from './inbox.ts'

/** What the peer says, by the id of what was asked. */
export interface Answers {
  ack(id: number, ack: LinkAck): void
  reply(id: number, value: unknown): void
  error(id: number, reason: string): void
  /** Called once, after which nothing else comes. */
  closed(reason: string): void
}

export interface ClientConnection {
  /** Name the peer gave itself. */
  readonly peer: string
  samples(id: number, columns: SampleColumns): void
  call(id: number, method: string, params: unknown): void
  /** Ends the connection; `closed` is called when it is gone. */
  end(): void
}

export interface ConnectOptions {
  readonly module: string
  readonly connectTimeoutMs: number
  readonly heartbeatMs: number
  readonly maxFrameBytes: number
  readonly redefineAfterMs: number
  /** Ends the attempt. */
  readonly signal: AbortSignal
}

/** Connects and greets. Rejects with the reason, which names neither address nor peer. */
export async function openConnection(
  address: string,
  options: ConnectOptions,
  answers: Answers,
): Promise<ClientConnection> {
  const { host, port } = parseListen(address) ?? { host: '', port: 0 }
  const started = performance.now()
  const socket = connect({ host: host === '' ? '127.0.0.1' : host, port, noDelay: true })
  const abort = () => socket.destroy(new Error('given up'))
  options.signal.addEventListener('abort', abort)
  try {
    await connected(socket, options.connectTimeoutMs)
    const leftMs = Math.max(1, options.connectTimeoutMs - (performance.now() - started))
    const inbox = new Inbox()
    const peer = await greet(socket, inbox, options.module, leftMs)
    return run(socket, inbox, peer, options, answers)
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    options.signal.removeEventListener('abort', abort)
  }
}

function connected(socket: Socket, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no connection within ${timeoutMs} ms`)), timeoutMs)
    socket.once('connect', () => {
      clearTimeout(timer)
      resolve()
    })
    // Stays for the life of the socket: every error is followed by `close`, where the reason is used.
    socket.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    socket.once('close', () => {
      clearTimeout(timer)
      reject(new Error('closed'))
    })
  })
}

async function greet(socket: Socket, inbox: Inbox, module: string, timeoutMs: number): Promise<string> {
  socket.write(encodeGreeting({ kind: 'hello', version: linkVersion, text: module }))
  const greeting = await receiveGreeting(socket, inbox, timeoutMs)
  if (greeting === 'silent') throw new Error(`no greeting within ${timeoutMs.toFixed(0)} ms`)
  if (greeting === 'closed')
    throw new Error('closed instead of greeting, as a judge or graph of Open-Falcon does, or a peer that is stopping')
  if (greeting === 'foreign') {
    const first = inbox.peek(Math.min(inbox.length, 60))?.toString('latin1') ?? ''
    throw new Error(`it does not speak the link, it says ${JSON.stringify(first)}`)
  }
  if (greeting.kind !== 'welcome') throw new Error(`refused: ${greeting.text}`)
  if (greeting.version !== linkVersion)
    throw new Error(`${greeting.text} speaks link version ${greeting.version}, this is ${linkVersion}`)
  return greeting.text
}

function run(
  socket: Socket,
  inbox: Inbox,
  peer: string,
  { maxFrameBytes, heartbeatMs, redefineAfterMs }: ConnectOptions,
  answers: Answers,
): ClientConnection {
  const dictionary = createDictionary()
  let dictionarySince = performance.now()
  let reason: string | undefined

  /** Series come and go while a connection stands for months; what is defined again now and then is what is in use. */
  function forget(): void {
    dictionary.clear()
    dictionarySince = performance.now()
    socket.write(encodeEmpty('forget'))
  }

  function end(why: string, words?: Buffer): void {
    reason ??= why
    if (words && socket.writable) socket.end(words)
    socket.destroySoon()
  }

  function receive(chunk: Buffer): void {
    if (reason !== undefined) return
    inbox.push(chunk)
    try {
      for (let frame = takeFrame(inbox, maxFrameBytes); frame; frame = takeFrame(inbox, maxFrameBytes))
        handle(frame.type, frame.body)
    } catch (error) {
      if (!(error instanceof FormatError || error instanceof SyntaxError)) throw error
      const why = `corrupt frame: ${error.message}`
      end(why, encodeGoodbye(why))
    }
  }

  function handle(type: number, body: ByteReader): void {
    switch (type) {
      case frameTypes.ack: {
        const id = body.u32()
        answers.ack(id, { taken: body.u32(), refused: body.u32() })
        return body.end()
      }
      case frameTypes.reply:
        return answers.reply(body.u32(), JSON.parse(restAsText(body)))
      case frameTypes.bytes:
        return answers.reply(body.u32(), body.raw(body.left))
      case frameTypes.error:
        return answers.error(body.u32(), restAsText(body))
      case frameTypes.heartbeat:
        return undefined
      case frameTypes.goodbye:
        return end(`${peer} ended the connection: ${restAsText(body)}`)
      default:
        throw new FormatError(`a frame of type ${type}`)
    }
  }

  socket.on('error', (error) => (reason ??= error.message))
  socket.once('close', () => answers.closed(reason ?? 'the peer closed the connection'))
  socket.on('data', receive)
  keepAlive(socket, heartbeatMs, (silentMs) => {
    reason ??= `nothing heard for ${silentMs} ms`
    socket.destroy()
  })
  socket.resume()
  // What came together with the greeting.
  receive(Buffer.alloc(0))

  return {
    peer,
    samples(id, columns) {
      if (performance.now() - dictionarySince > redefineAfterMs) forget()
      const frames = encodeSamples(id, columns, dictionary, maxFrameBytes)
      socket.cork()
      for (const frame of frames) socket.write(frame)
      socket.uncork()
    },
    call(id, method, params) {
      const frame = encodeMessage('call', id, JSON.stringify([method, params]))
      if (frame.length > maxFrameBytes)
        throw new RangeError(`Cannot call ${method}: ${frame.length} bytes, the limit is ${maxFrameBytes}`)
      socket.write(frame)
    },
    end: () => end('closed here', encodeGoodbye('closing')),
  }
}
