import { connect } from 'node:net'

export interface RawResponse {
  readonly status: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
}

/**
 * Sends the bytes of one request over a connection of its own and reads the whole answer.
 * Rejects when the connection cannot be made or ends before an answer is complete.
 */
export function exchange(port: number, raw: string, options: { from?: string | undefined } = {}): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: '127.0.0.1',
      port,
      ...(options.from === undefined ? {} : { localAddress: options.from }),
    })
    const parts: Buffer[] = []
    const isHead = raw.startsWith('HEAD ')
    const finish = (ended: boolean) => {
      const response = parseResponse(Buffer.concat(parts), isHead, ended)
      if (!response) return false
      socket.destroy()
      resolve(response)
      return true
    }
    socket.on('error', reject)
    socket.on('data', (part) => {
      parts.push(part)
      finish(false)
    })
    socket.on('end', () => {
      if (!finish(true)) reject(new Error(`incomplete answer: ${Buffer.concat(parts).toString()}`))
    })
    socket.on('close', () => reject(new Error('connection closed without an answer')))
    socket.write(raw)
  })
}

/** Undefined while the answer is incomplete. */
function parseResponse(bytes: Buffer, isHead: boolean, ended: boolean): RawResponse | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  // What only asks for the rest of the request is no answer yet.
  if (bytes.subarray(0, 12).toString() === 'HTTP/1.1 100') return parseResponse(bytes.subarray(end + 4), isHead, ended)
  const [statusLine = '', ...lines] = bytes.subarray(0, end).toString().split('\r\n')
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const body = bytes.subarray(end + 4)
  const length = headers.get('content-length')
  if (!isHead && !ended && (length === undefined || body.length < Number(length))) return undefined
  return { status: Number(statusLine.split(' ')[1]), headers, body }
}
