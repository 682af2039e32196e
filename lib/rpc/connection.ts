import type { Socket } from 'node:net'
import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import { FramingError } from './errors.ts'
import type { CloseReason } from './errors.ts'
import { Framer } from './framer.ts'
import type { Frame } from './framer.ts'
import type { DirectReader, DirectRequest } from './method.ts'
import { formatReply } from './reply.ts'
import type { Dispatch, Outcome } from './reply.ts'
import { readRequest } from './request.ts'
import type { Turns, Worker } from './turns.ts'

/** What all connections of a server share. */
export interface ConnectionHost {
  readonly dispatch: Dispatch
  readonly direct?: DirectReader
  readonly turns: Turns
  readonly counters: Counters
  readonly log: Logger
  readonly limits: Limits
  readonly connections: ReadonlySet<Connection>
  /** Bytes of half-received requests, of all connections together. */
  pendingBytes: number
}

export interface Limits {
  readonly maxRequestBytes: number
  /** To complete a begun request, and for the peer to read some of what is sent to it. */
  readonly requestTimeoutMs: number
  /** Requests of one connection that run at the same time; further ones wait unread. */
  readonly maxInFlight: number
  /** From here on, no request of a connection is taken until its peer has read. */
  readonly highWaterBytes: number
  /** What may wait to be read by one peer. A single answer may be larger. */
  readonly maxOutgoingBytes: number
  readonly maxPendingBytes: number
}

/** How long a connection that we end goes on taking what the peer still sends, so that it sees an end, not a reset. */
const lingerMs = 1000
/** How long bytes whose scan was put off may wait for more. */
const settleAfterMs = 50

/** One peer of a server: takes its requests in turn, runs them side by side, answers each as it is done. */
export class Connection implements Worker {
  readonly #socket: Socket
  readonly #host: ConnectionHost
  readonly #framer: Framer<DirectRequest>
  readonly #peer: string
  #inFlight = 0
  /** Whether bytes are there that have not been looked at. */
  #hasInput = false
  #settle = false
  /** The peer sends no more. */
  #ended = false
  /** We take no more, and end the connection once what is running has been answered. */
  #closing = false
  #finished = false
  #begunAt: number | undefined
  #lastInputAt = 0
  #pendingBytes = 0

  constructor(socket: Socket, host: ConnectionHost) {
    this.#socket = socket
    this.#host = host
    this.#peer = socket.remoteAddress ?? 'unknown'
    this.#framer = new Framer(host.limits.maxRequestBytes, host.direct)
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 60_000)
    socket.setTimeout(host.limits.requestTimeoutMs)
    socket.on('data', (chunk) => this.#received(chunk))
    socket.on('end', () => {
      this.#ended = true
      this.#hasInput = true // at least the question whether a request was cut off
      this.#host.turns.want(this)
    })
    socket.on('drain', () => this.#mayGoOn())
    socket.on('timeout', () => {
      if (socket.writableLength > 0) this.#drop('slowReader', 'it does not read its answers')
    })
    socket.on('error', (error) => this.#host.log.debug({ err: error, peer: socket.remoteAddress }, 'connection broke'))
    socket.on('close', () => this.#forget())
  }

  /** Takes one request; true when there may be another one. */
  work(): boolean {
    if (this.#closing || !this.#mayTake()) return false
    const frame = this.#nextFrame()
    if (frame !== undefined) {
      this.#take(frame)
      return true
    }
    this.#hasInput = false
    if (!this.#closing) this.#waitForMore()
    return false
  }

  /** Closes the connection when its peer has begun a request and does not get on with it. `nowMs` is monotonic. */
  check(nowMs: number): void {
    if (this.#begunAt === undefined || this.#closing) return
    // While we do not read, the peer is not to blame.
    if (this.#hasInput) this.#begunAt = nowMs
    else if (nowMs - this.#begunAt >= this.#host.limits.requestTimeoutMs) {
      this.#refuse('tooSlow', `a request was not complete after ${this.#host.limits.requestTimeoutMs} ms`)
    } else if (!this.#settle && nowMs - this.#lastInputAt >= settleAfterMs) {
      this.#settle = true
      this.#host.turns.want(this)
    }
  }

  /** Takes no further request; the connection ends when those that run are answered. */
  stop(): void {
    this.#closing = true
    this.#framer.discard()
    this.#setPending(0)
    this.#finishWhenAnswered()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #received(chunk: Buffer): void {
    if (this.#closing) return
    this.#hasInput = true
    this.#settle = false
    this.#lastInputAt = performance.now()
    this.#framer.push(chunk)
    this.#socket.pause()
    this.#host.turns.want(this)
  }

  #nextFrame(): Frame | DirectRequest | undefined {
    try {
      return this.#framer.next(this.#settle || this.#ended)
    } catch (error) {
      if (!(error instanceof FramingError)) throw error
      this.#refuse(error.reason, error.message)
      return undefined
    }
  }

  #take(frame: Frame | DirectRequest): void {
    this.#begunAt = undefined
    const request = 'run' in frame ? frame : readRequest(frame)
    if (request === undefined) return this.#refuse('malformed', 'its method is not a text')
    this.#inFlight++
    this.#host.counters.add('rpc.requests')
    // Only the id waits for the answer: a large argument is free as soon as its method lets go of it.
    const { id } = request
    const done = (outcome: Outcome) => this.#answer(id, outcome)
    if ('run' in request) this.#host.dispatch.run(request, done)
    else this.#host.dispatch.call(request, this.#peer, done)
  }

  #answer(id: string | Buffer, outcome: Outcome): void {
    this.#inFlight--
    const socket = this.#socket
    if (!socket.writable) {
      this.#host.counters.add('rpc.unheard')
      return
    }
    const reply = formatReply(id, outcome)
    if (socket.writableLength > 0 && socket.writableLength + reply.length > this.#host.limits.maxOutgoingBytes) {
      this.#drop('slowReader', `more than ${this.#host.limits.maxOutgoingBytes} bytes wait for it`)
      return
    }
    socket.write(reply)
    if (this.#closing || this.#ended) this.#finishWhenAnswered()
    this.#mayGoOn()
  }

  #mayTake(): boolean {
    const { maxInFlight, highWaterBytes } = this.#host.limits
    return this.#inFlight < maxInFlight && this.#socket.writableLength < highWaterBytes
  }

  #mayGoOn(): void {
    if (this.#hasInput && this.#mayTake()) this.#host.turns.want(this)
  }

  #waitForMore(): void {
    this.#settle = false
    this.#setPending(this.#framer.pendingBytes)
    this.#makeRoom()
    if (this.#closing) return
    const begun = this.#framer.pendingBytes > 0
    if (this.#ended) {
      if (begun) this.#refuse('incomplete', 'the peer ended it inside of a request')
      else this.#finishWhenAnswered()
      return
    }
    this.#begunAt = begun ? (this.#begunAt ?? performance.now()) : undefined
    this.#socket.resume()
  }

  /** Half-received requests fill their memory: whoever holds most of it goes, so that the many with small ones stay. */
  #makeRoom(): void {
    const { pendingBytes, limits, connections } = this.#host
    if (pendingBytes <= limits.maxPendingBytes) return
    const largest = [...connections].reduce((a, b) => (a.#pendingBytes > b.#pendingBytes ? a : b))
    largest.#refuse('memory', `requests that are not complete take ${pendingBytes} bytes, most of them its own`)
  }

  /** Ends the connection in good manners: what is running is answered first. */
  #refuse(reason: CloseReason, message: string): void {
    this.#host.counters.add(`rpc.closed.${reason}`)
    this.#host.log.debug({ peer: this.#socket.remoteAddress, reason, message }, 'connection closed')
    this.stop()
  }

  /** Ends the connection at once. */
  #drop(reason: CloseReason, message: string): void {
    this.#host.counters.add(`rpc.closed.${reason}`)
    this.#host.log.debug({ peer: this.#socket.remoteAddress, reason, message }, 'connection dropped')
    this.#socket.destroy()
  }

  #finishWhenAnswered(): void {
    if (this.#finished || this.#inFlight > 0 || (this.#hasInput && !this.#closing)) return
    this.#finished = true
    this.#socket.end()
    if (this.#ended) return
    this.#socket.resume() // what still comes is thrown away
    setTimeout(() => this.#socket.destroy(), lingerMs).unref()
  }

  #setPending(bytes: number): void {
    this.#host.pendingBytes += bytes - this.#pendingBytes
    this.#pendingBytes = bytes
  }

  #forget(): void {
    this.#closing = true
    this.#setPending(0)
  }
}
