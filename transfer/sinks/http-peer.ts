import type { LinkAck, SampleColumns } from '#lib/link'
import { createAvailability } from './availability.ts'
import { createHttpPoster } from './http-post.ts'
import type { HttpAnswer } from './http-post.ts'
import { createRefusals } from './refusals.ts'
import type { SinkContext, SinkLimits, SinkPeer } from './sink.ts'
import { createSinkPeer } from './sink-peer.ts'

/** The body that carries some samples, and how many of them could not be put into it. */
export interface EncodedRequest {
  readonly body: Buffer
  /** Samples in the body. */
  readonly count: number
  readonly unfit: number
}

export interface HttpPeerOptions extends SinkContext, SinkLimits {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** Encodes the samples `from` to before `to`. */
  readonly encode: (columns: SampleColumns, from: number, to: number) => EncodedRequest
  /** Samples that a `refusing` answer speaks of, at most `count`; all of them unless it tells. */
  readonly refusedBy?: (answer: HttpAnswer, count: number) => number
}

/** Statuses that judge the samples. Any other says that the peer could not take the request, so it is sent again. */
const refusing: ReadonlySet<number> = new Set([400, 422])

/** A peer that takes samples as HTTP requests. One that failed is left alone for a pause, and its samples are spooled. */
export function createHttpPeer(options: HttpPeerOptions): SinkPeer {
  const { url, batch, encode, refusedBy } = options
  const availability = createAvailability()
  const refusals = createRefusals(options)
  const poster = createHttpPoster(options)

  async function deliver({ body, count, unfit }: EncodedRequest): Promise<LinkAck> {
    const answer = count === 0 ? undefined : await answerTo(body)
    const refused = answer && refusing.has(answer.status) ? Math.min(count, refusedBy?.(answer, count) ?? count) : 0
    refusals.count('unfit', unfit, 'the value is NaN or infinite')
    if (answer) refusals.count('peer', refused, `${answer.status} ${answer.text}`)
    return { taken: count - refused, refused: refused + unfit }
  }

  /** An answer that settles what became of the samples. */
  async function answerTo(body: Buffer): Promise<HttpAnswer> {
    let retryAfterMs = 0
    try {
      const answer = await poster.post(body)
      const settles = (answer.status >= 200 && answer.status < 300) || refusing.has(answer.status)
      retryAfterMs = answer.retryAfterMs
      if (!settles) throw new Error(`it answers ${answer.status} ${answer.text.slice(0, 300)}`)
      availability.worked()
      return answer
    } catch (error) {
      const failure = new Error(`Cannot send to ${url.host}: ${(error as Error).message}`, { cause: error })
      availability.failed(failure, retryAfterMs)
      throw failure
    }
  }

  return createSinkPeer({
    availability,
    refusals,
    async send(columns) {
      const requests: EncodedRequest[] = []
      for (let from = 0; from < columns.count; from += batch)
        requests.push(encode(columns, from, Math.min(from + batch, columns.count)))
      let taken = 0
      let refused = 0
      // One after the other, so that a series' samples arrive in order.
      for (const request of requests) {
        const ack = await deliver(request)
        taken += ack.taken
        refused += ack.refused
      }
      return { taken, refused }
    },
    close() {
      poster.close()
    },
  })
}

/** `http://host:port/path` with the path of an interface behind it; user and password leave the URL. */
export function endpointOf(address: string, path: string, query: Readonly<Record<string, string>> = {}): URL {
  const url = new URL(address)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}${path}`
  for (const [key, value] of Object.entries(query)) if (value !== '') url.searchParams.set(key, value)
  url.username = ''
  url.password = ''
  return url
}

/** An `Authorization` header from a user and password, in the URL when they are not given apart. */
export function basicAuthorization(address: string, username = '', password = ''): Record<string, string> {
  const { username: user, password: secret } = new URL(address)
  const [name, word] = username === '' ? [decodeURIComponent(user), decodeURIComponent(secret)] : [username, password]
  if (name === '') return {}
  return { Authorization: `Basic ${Buffer.from(`${name}:${word}`).toString('base64')}` }
}
