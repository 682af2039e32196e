import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { parseListen } from '#lib/config'
import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import { readTelnetLine } from '#protocol'
import type { TelnetItem } from '#protocol'
import type { Intake } from './intake.ts'
import type { Rejected } from './rejected.ts'

export interface TelnetServer {
  readonly port: number
  connections(): number
  /** Takes no more lines; settles when those held are processed. */
  close(): Promise<void>
}

export interface TelnetOptions {
  /** `host:port` */
  readonly listen: string
  readonly timeoutSeconds: number
  readonly maxLineBytes: number
  /** Lines a connection may hold; then they are processed without waiting for `quit`. */
  readonly maxLines: number
  readonly maxConnections: number
  readonly intake: Intake
  readonly rejected: Rejected
  readonly counters: Counters
  readonly log: Logger
}

const newline = 0x0a
/** A client that does not close its side after ours is cut off. */
const lingerMs = 2000

/**
 * The line protocol of port 4444. Nothing is ever answered; lines are processed at `quit`, at the end of the stream or
 * after silence. A last line without newline is lost.
 */
export async function listenTelnet(options: TelnetOptions): Promise<TelnetServer> {
  const address = parseListen(options.listen)
  if (!address) throw new Error(`Cannot listen on "${options.listen}": it is not host:port`)
  const sessions = new Set<{ finish(): Promise<void> }>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const session = serve(socket, options)
    sessions.add(session)
    socket.once('close', () => sessions.delete(session))
  })
  server.maxConnections = options.maxConnections
  server.on('drop', () => options.counters.add('SocketDroppedConnectionCnt'))
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new Error(`Cannot listen on ${options.listen}: ${error.message}`, { cause: error })),
    )
    // Without a host the platform listens on every address it has.
    server.listen({ ...(address.host === '' ? {} : { host: address.host }), port: address.port }, resolve)
  })
  server.removeAllListeners('error')
  server.on('error', (error) => options.log.error({ err: error }, 'telnet listener failed'))
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : address.port,
    connections: () => sessions.size,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      await Promise.all([...sessions].map((session) => session.finish()))
      await closed
    },
  }
}

function serve(socket: Socket, options: TelnetOptions): { finish(): Promise<void> } {
  const { intake, rejected, counters, log } = options
  const peer = socket.remoteAddress ?? 'unknown'
  let rest: Buffer = Buffer.alloc(0)
  let items: TelnetItem[] = []
  let finished: Promise<void> | undefined

  async function processHeld(): Promise<void> {
    if (items.length === 0) return
    const batch = items
    items = []
    try {
      await intake.take(batch, 'Socket', peer)
    } catch (error) {
      // The protocol has no answer, so nobody will send these again.
      counters.add('SocketLostCnt', batch.length)
      log.error({ err: error, peer, items: batch.length }, 'telnet samples lost')
    }
  }

  function finish(): Promise<void> {
    finished ??= leave()
    return finished
  }

  async function leave(): Promise<void> {
    await processHeld()
    socket.end()
    socket.resume()
    setTimeout(() => socket.destroy(), lingerMs).unref()
  }

  /** True when the line ends the session. */
  function takeLine(line: string): boolean {
    const read = readTelnetLine(line)
    if (read.kind === 'quit') return true
    if (read.kind === 'ignored') return false
    if (read.item.ok) items.push(read.item.value)
    else rejected.add(`telnet: ${read.item.reason}`, peer, line)
    return false
  }

  /** Reads the complete lines of `rest`; true when one of them ends the session. */
  function takeLines(): boolean {
    let from = 0
    let quit = false
    for (let end = rest.indexOf(newline); end >= 0 && !quit; end = rest.indexOf(newline, from)) {
      quit = takeLine(rest.toString('utf8', from, end))
      from = end + 1
    }
    rest = rest.subarray(from)
    return quit
  }

  async function onData(chunk: Buffer): Promise<void> {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    if (takeLines()) return finish()
    if (rest.length > options.maxLineBytes) {
      rejected.add('telnet: line too long', peer, rest.toString('utf8', 0, 256))
      return finish()
    }
    if (items.length < options.maxLines) return undefined
    socket.pause()
    await processHeld()
    socket.resume()
    return undefined
  }

  socket.setTimeout(options.timeoutSeconds * 1000)
  socket.on('timeout', () => void finish())
  socket.on('data', (chunk) => {
    if (!finished) void onData(chunk)
  })
  socket.on('end', () => void finish())
  socket.on('error', (error) => log.debug({ err: error, peer }, 'telnet connection failed'))
  socket.on('close', () => void finish())
  return { finish }
}
