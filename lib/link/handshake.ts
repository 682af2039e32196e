import type { Socket } from 'node:net'
import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import { answerToForeign, encodeGreeting, linkVersion, takeGreeting } from './greeting.ts'
import type { Greeting } from './greeting.ts'
import { Inbox } from './inbox.ts'

/** A peer that was let in. */
export interface Peer {
  /** For log lines. */
  readonly facts: { readonly peer: string; readonly address: string }
  /** What it has sent after its greeting. */
  readonly inbox: Inbox
}

export interface WelcomeOptions {
  readonly module: string
  readonly handshakeTimeoutMs: number
  readonly turnAway?: (peer: string) => string | undefined
  readonly log: Logger
  readonly counters: Counters
}

/** Greets a connecting peer. Undefined when it was refused, told so and counted; never rejects. */
export async function welcome(socket: Socket, options: WelcomeOptions): Promise<Peer | undefined> {
  const { module, log, counters } = options
  const inbox = new Inbox()
  const address = `${socket.remoteAddress ?? ''}:${socket.remotePort ?? ''}`
  const refuse = (reason: string, peer: string, answer: string | Buffer) => {
    counters.add(`link.peers.${reason}`)
    log.warn({ address, reason, peer }, 'link peer refused')
    sayLast(socket, answer)
    return undefined
  }

  const greeting = await receiveGreeting(socket, inbox, options.handshakeTimeoutMs)
  if (greeting === 'closed') return undefined
  if (greeting === 'silent') {
    const text = `no greeting within ${options.handshakeTimeoutMs} ms`
    return refuse('silent', '', encodeGreeting({ kind: 'refuse', version: linkVersion, text }))
  }
  if (greeting === 'foreign' || greeting.kind !== 'hello') {
    const first = inbox.peek(Math.min(inbox.length, 100))?.toString('latin1') ?? ''
    return refuse('foreign', first, answerToForeign(first, module))
  }
  if (greeting.version !== linkVersion) {
    const text = `${module} speaks link version ${linkVersion}, ${greeting.text} speaks ${greeting.version}: run the same release of both`
    return refuse('version', greeting.text, encodeGreeting({ kind: 'refuse', version: linkVersion, text }))
  }
  const early = options.turnAway?.(greeting.text)
  if (early !== undefined) {
    // It comes again every few seconds: that is no line each time.
    counters.add('link.peers.early')
    log.debug({ address, reason: early, peer: greeting.text }, 'link peer turned away')
    sayLast(socket, encodeGreeting({ kind: 'refuse', version: linkVersion, text: early }))
    return undefined
  }
  socket.write(encodeGreeting({ kind: 'welcome', version: linkVersion, text: module }))
  return { facts: { peer: greeting.text, address }, inbox }
}

/** Reads until the greeting is there. The socket is paused afterwards. */
export function receiveGreeting(
  socket: Socket,
  inbox: Inbox,
  timeoutMs: number,
): Promise<Greeting | 'foreign' | 'silent' | 'closed'> {
  return new Promise((resolve) => {
    const done = (outcome: Greeting | 'foreign' | 'silent' | 'closed') => {
      clearTimeout(timer)
      socket.off('data', onData).off('close', onClose).off('end', onClose)
      socket.pause()
      resolve(outcome)
    }
    const onClose = () => done('closed')
    const onData = (chunk: Buffer) => {
      inbox.push(chunk)
      const greeting = takeGreeting(inbox)
      if (greeting !== 'incomplete') done(greeting)
    }
    const timer = setTimeout(() => done('silent'), timeoutMs)
    socket.on('data', onData).once('close', onClose).once('end', onClose)
  })
}

/** How long a peer may take to read the last words and hang up. */
const hangUpMs = 1000

/**
 * Ends a connection with a text that the peer gets to read: what it still sends is received and thrown away, since
 * closing with unread bytes would reset the connection and take the text with it.
 */
export function sayLast(socket: Socket, words: string | Buffer): void {
  if (socket.writable) socket.end(words)
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), hangUpMs)
  socket.once('close', () => clearTimeout(timer))
}
