import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'

export interface HttpAnswer {
  readonly status: number
  /** Its beginning. */
  readonly text: string
  readonly retryAfterMs: number
}

/** Sends bodies to one URL over kept connections. */
export interface HttpPoster {
  /** Rejects when there is no whole answer within the timeout, however it failed. */
  post(body: Buffer): Promise<HttpAnswer>
  /** What is under way rejects. */
  close(): void
}

export interface HttpPosterOptions {
  readonly url: URL
  readonly headers: OutgoingHttpHeaders
  readonly maxConns: number
  readonly connectTimeoutMs: number
  readonly callTimeoutMs: number
}

/** The reasons that servers give are short; what is longer is read and thrown away. */
const maxTextBytes = 4096
const maxAnswerBytes = 2 ** 20

export function createHttpPoster(options: HttpPosterOptions): HttpPoster {
  const { url, callTimeoutMs, connectTimeoutMs } = options
  const secure = url.protocol === 'https:'
  const agent = new (secure ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: options.maxConns })
  const underWay = new Set<ClientRequest>()

  function attempt(body: Buffer): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      let answered = false
      const request = (secure ? httpsRequest : httpRequest)(url, {
        method: 'POST',
        agent,
        headers: { ...options.headers, 'Content-Length': body.byteLength },
      })
      const giveUp = (reason: string) => request.destroy(new Error(reason))
      const deadline = setTimeout(() => giveUp(`no answer within ${callTimeoutMs} ms`), callTimeoutMs)
      underWay.add(request)
      request.once('close', () => {
        clearTimeout(deadline)
        underWay.delete(request)
        // An answer that has begun settles by itself, a moment after this.
        if (!answered) reject(new Error('the connection was closed before the answer'))
      })
      request.once('error', (error) => reject(Object.assign(error, { wasReused: request.reusedSocket })))
      request.once('socket', (socket) => {
        if (!socket.connecting) return
        const slow = setTimeout(() => giveUp(`not connected within ${connectTimeoutMs} ms`), connectTimeoutMs)
        const connected = () => clearTimeout(slow)
        socket.once(secure ? 'secureConnect' : 'connect', connected).once('close', connected)
      })
      request.once('response', (response) => {
        answered = true
        void readAnswer(response).then(resolve, reject)
      })
      request.end(body)
    })
  }

  return {
    async post(body) {
      try {
        return await attempt(body)
      } catch (error) {
        // A kept connection may be closed by the peer just as it is used again: that says nothing about the peer.
        const { wasReused, code } = error as { wasReused?: boolean; code?: string }
        if (wasReused === true && (code === 'ECONNRESET' || code === 'EPIPE')) return attempt(body)
        throw error
      }
    },
    close() {
      for (const request of underWay) request.destroy(new Error('the sink was closed'))
      agent.destroy()
    },
  }
}

function readAnswer(response: IncomingMessage): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    let kept = 0
    let total = 0
    response.on('data', (chunk: Buffer) => {
      total += chunk.byteLength
      if (total > maxAnswerBytes) response.destroy(new Error(`an answer of more than ${maxAnswerBytes} bytes`))
      if (kept >= maxTextBytes) return
      pieces.push(chunk.subarray(0, maxTextBytes - kept))
      kept += chunk.byteLength
    })
    response.once('error', reject)
    response.once('end', () =>
      resolve({
        status: response.statusCode ?? 0,
        text: Buffer.concat(pieces).toString().trim(),
        retryAfterMs: Number(response.headers['retry-after'] ?? 0) * 1000 || 0,
      }),
    )
  })
}
