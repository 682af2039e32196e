import { connect } from 'node:net'

/** What became of the lines of one `write`. */
export interface Confirmation {
  readonly refused: number
  /** What the peer said of the last one that it refused. */
  readonly complaint: string
}

/** One connection that takes lines until it is ended, and learns then what became of them. */
export interface TelnetTurn {
  readonly bytes: number
  /** Resolves when the connection is over, with the reason when that tells nothing of its lines. */
  readonly ended: Promise<Error | undefined>
  /** `lines` is the number of lines in `text`. Settles with the connection. */
  write(text: Buffer, lines: number): Promise<Confirmation>
  /** No more lines: the peer is to close when it has read them. */
  end(): void
  destroy(): void
}

export interface TurnOptions {
  readonly host: string
  readonly port: number
  readonly connectTimeoutMs: number
  /** From the end of our lines until the peer has closed. */
  readonly callTimeoutMs: number
}

/** Complaints that speak of the sample. Anything else that a peer says means that it is in trouble itself. */
const refusal = /^put: (?:illegal argument|invalid value|unknown metric|.*no such name)/i
const maxComplaintBytes = 64 * 1024

export function openTelnetTurn({ host, port, connectTimeoutMs, callTimeoutMs }: TurnOptions): TelnetTurn {
  const socket = connect({ host: host === '' ? '127.0.0.1' : host, port, noDelay: true })
  const where = `${host}:${port}`
  const writes: { lines: number; resolve: (confirmation: Confirmation) => void; reject: (error: Error) => void }[] = []
  let bytes = 0
  let flushed = false
  let said = ''
  let refused = 0
  let complaint = ''
  let failure: Error | undefined

  const fail = (reason: string) => {
    failure ??= new Error(`Cannot send to ${where}: ${reason}`)
    socket.destroy()
  }
  let timer = setTimeout(() => fail(`not connected within ${connectTimeoutMs} ms`), connectTimeoutMs)

  function hear(line: string): void {
    if (line === '') return
    complaint = line
    if (refusal.test(line)) refused++
    else fail(`it says "${line.slice(0, 200)}"`)
  }

  socket.once('connect', () => clearTimeout(timer))
  socket.on('data', (chunk: Buffer) => {
    const lines = (said + chunk.toString('latin1')).split(/\r?\n/)
    said = lines.pop() ?? ''
    for (const line of lines) hear(line)
    if (said.length > maxComplaintBytes) fail('it talks without end')
  })
  socket.on('error', (error) => fail(error.message))
  socket.once('finish', () => (flushed = true))
  socket.once('end', () => {
    hear(said)
    // Whoever hangs up before our end has not read all of it.
    if (!flushed) fail('it closed the connection before all was sent')
  })

  const ended = new Promise<Error | undefined>((resolve) => {
    socket.once('close', () => {
      clearTimeout(timer)
      if (!failure && !socket.readableEnded) fail('the connection broke')
      for (const write of writes) {
        if (failure) write.reject(failure)
        else write.resolve({ refused: share(write.lines), complaint })
      }
      resolve(failure)
    })
  })

  /** A complaint does not tell whose line it means; the count is right in sum. */
  function share(lines: number): number {
    const mine = Math.min(lines, refused)
    refused -= mine
    return mine
  }

  return {
    get bytes() {
      return bytes
    },
    ended,
    write(text, lines) {
      bytes += text.byteLength
      socket.write(text)
      return new Promise((resolve, reject) => writes.push({ lines, resolve, reject }))
    },
    end() {
      const wait = () => {
        if (socket.destroyed) return
        timer = setTimeout(() => fail(`it did not close within ${callTimeoutMs} ms after the last line`), callTimeoutMs)
        socket.end()
      }
      // After the next look at the socket: when the peer has hung up already, that is to be seen before our end.
      if (socket.connecting) socket.once('connect', () => setImmediate(wait))
      else setImmediate(wait)
    },
    destroy: () => fail('the sink was closed'),
  }
}
