import type { Socket } from 'node:net'
import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import { FormatError } from './bytes.ts'
import type { ByteReader } from './bytes.ts'
import type { LinkAck } from './columns.ts'
import { readSeries } from './definitions.ts'
import {
  encodeAck,
  encodeBytesHead,
  encodeGoodbye,
  encodeMessage,
  frameTypes,
  hasFrame,
  restAsText,
  takeFrame,
} from './frames.ts'
import type { Frame } from './frames.ts'
import { sayLast } from './handshake.ts'
import type { Peer } from './handshake.ts'
import { keepAlive } from './heartbeat.ts'
import type { LinkHandler, SlotBatch } from './link.ts'
import { readSamples } from './samples.ts'
import type { Turns } from './turns.ts'

export interface ServeOptions<Slot> {
  readonly handler: LinkHandler<Slot>
  readonly turns: Turns
  readonly log: Logger
  readonly counters: Counters
  readonly maxFrameBytes: number
  readonly maxUnacknowledged: number
  readonly heartbeatMs: number
}

/** Unhandled bytes of one connection at which its reading pauses. */
const highWaterBytes = 256 * 1024
/** A series takes some bytes on both sides; a peer that defines this many has lost count. */
const maxSeries = 2 ** 26

/** Serves one greeted connection. The returned function takes no more frames and settles when all taken are answered. */
export function serveConnection<Slot>(socket: Socket, peer: Peer, options: ServeOptions<Slot>): () => Promise<void> {
  const { handler, turns, log, counters, maxFrameBytes, maxUnacknowledged } = options
  const { inbox, facts } = peer
  const slots: Slot[] = []
  let unacknowledged = 0
  let ended = false
  let onAnswered: (() => void) | undefined

  /** One frame, or several small ones; whether another waits. */
  function step(): boolean {
    if (ended || isFull()) return false
    try {
      const frame = takeFrame(inbox, maxFrameBytes)
      if (frame) handle(frame)
    } catch (error) {
      abandon(error)
      return false
    }
    const more = !ended && !isFull() && hasFrame(inbox, maxFrameBytes)
    steer(more)
    return more
  }

  /** A peer that does not read its answers gets no new ones either. */
  const isFull = () => unacknowledged >= maxUnacknowledged || socket.writableLength > maxFrameBytes

  /** Reads on unless enough waits to be handled. */
  function steer(frameWaits: boolean): void {
    if (ended) return
    const wait = isFull() || (frameWaits && inbox.length > highWaterBytes)
    if (wait && !socket.isPaused()) socket.pause()
    else if (!wait && socket.isPaused()) socket.resume()
  }

  function handle({ type, body }: Frame): void {
    switch (type) {
      case frameTypes.define:
        return define(body)
      case frameTypes.samples: {
        const id = body.u32()
        const batch = readSamples(body, slots)
        body.end()
        return answer(id, () => take(id, batch))
      }
      case frameTypes.call: {
        const id = body.u32()
        const [method, params] = parseCall(restAsText(body))
        return answer(id, () => call(id, method, params))
      }
      case frameTypes.forget:
        slots.length = 0
        return undefined
      case frameTypes.heartbeat:
        return undefined
      case frameTypes.goodbye:
        log.info({ ...facts, reason: restAsText(body) }, 'link peer says goodbye')
        socket.end()
        return undefined
      default:
        throw new FormatError(`a frame of type ${type}`)
    }
  }

  function define(body: ByteReader): void {
    const first = body.u32()
    if (first !== slots.length) throw new FormatError(`series ${first} is defined, ${slots.length} should be next`)
    readSeries(body, (series) => slots.push(handler.define(series)))
    body.end()
    if (slots.length > maxSeries) throw new FormatError(`${slots.length} series are defined, the limit is ${maxSeries}`)
  }

  /** Runs what a frame asks for and sends what comes of it. */
  function answer(id: number, run: () => Promise<Uint8Array | readonly Uint8Array[]>): void {
    unacknowledged++
    void send(run().catch((error: unknown) => encodeMessage('error', id, messageOf(error))))
  }

  async function send(answer: Promise<Uint8Array | readonly Uint8Array[]>): Promise<void> {
    const frame = await answer
    unacknowledged--
    if (socket.writable)
      if (frame instanceof Uint8Array) socket.write(frame)
      else for (const part of frame) socket.write(part)
    if (unacknowledged === 0) onAnswered?.()
    goOn()
  }

  /** Handles what has been received, when its turn comes. */
  function goOn(): void {
    if (ended) return
    const waits = hasFrame(inbox, maxFrameBytes)
    if (waits && !isFull()) turns.add(step)
    steer(waits)
  }

  async function take(id: number, batch: SlotBatch<Slot>): Promise<Buffer> {
    let ack: LinkAck
    try {
      ack = await handler.take(batch)
      if (ack.taken + ack.refused !== batch.count)
        throw new Error(`Cannot acknowledge ${batch.count} samples: ${ack.taken} taken and ${ack.refused} refused`)
    } catch (error) {
      counters.add('link.samples.postponed', batch.count)
      log.warn({ ...facts, err: error, samples: batch.count }, 'link batch not taken, to be sent again')
      throw error
    }
    counters.add('link.samples.taken', ack.taken)
    counters.add('link.samples.refused', ack.refused)
    return encodeAck(id, ack)
  }

  async function call(id: number, method: string, params: unknown): Promise<readonly Uint8Array[]> {
    counters.add('link.calls')
    const calls = handler.calls ?? {}
    const run = Object.hasOwn(calls, method) ? calls[method] : undefined
    if (!run) throw new Error(`Cannot call ${method}: there is no such method`)
    const result = await run(params)
    const parts =
      result instanceof Uint8Array
        ? [encodeBytesHead(id, result.length), result]
        : [encodeMessage('reply', id, JSON.stringify(result ?? null))]
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    if (length > maxFrameBytes)
      throw new Error(`Cannot answer ${method}: ${length} bytes, the limit is ${maxFrameBytes}`)
    return parts
  }

  function abandon(error: unknown): void {
    const corrupt = error instanceof FormatError
    const reason = corrupt ? `corrupt frame: ${error.message}` : 'internal error, see the log of this module'
    counters.add(corrupt ? 'link.peers.corrupt' : 'link.peers.failed')
    log.error({ ...facts, err: error }, 'link connection closed')
    end(reason)
  }

  function end(reason: string): void {
    ended = true
    sayLast(socket, encodeGoodbye(reason))
  }

  keepAlive(socket, options.heartbeatMs, (silentMs) => {
    log.warn({ ...facts, silentMs }, 'link peer is silent')
    end(`nothing heard for ${silentMs} ms`)
  })
  socket.once('close', () => {
    ended = true
    onAnswered?.()
  })
  socket.on('data', (chunk: Buffer) => {
    if (ended) return
    inbox.push(chunk)
    goOn()
  })
  socket.on('drain', goOn)
  socket.resume()
  goOn()

  return async () => {
    ended = true
    socket.pause()
    if (unacknowledged > 0 && !socket.destroyed) await new Promise<void>((resolve) => (onAnswered = resolve))
    end('closing')
  }
}

function parseCall(text: string): [method: string, params: unknown] {
  let call: unknown
  try {
    call = JSON.parse(text)
  } catch (error) {
    throw new FormatError(`a call that is not JSON: ${messageOf(error)}`)
  }
  if (!Array.isArray(call) || typeof call[0] !== 'string') throw new FormatError('a call that is not [method, params]')
  return [call[0], call[1]]
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
