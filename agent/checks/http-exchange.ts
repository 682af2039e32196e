import { request as send } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { Socket } from 'node:net'
import type { connect, TLSSocket } from 'node:tls'
import type { IpVersion, Names } from '../host/names.ts'
import { connectTo } from './connect.ts'

export interface HttpAnswer {
  readonly status: number
  readonly location: string | undefined
  /** Its begin when it is long; empty when it was not wanted. */
  readonly body: string
}

export interface ExchangeOptions {
  readonly timeoutMs: number
  readonly insecure: boolean
  readonly version: IpVersion | undefined
  readonly wantsBody: boolean
  readonly names: Names
  readonly signal: AbortSignal
  /** Told of each certificate, good or not, before anything is sent. */
  readonly tellDaysLeft: (days: number) => void
}

/** What is looked for in a body must be within these. */
const longestBodyBytes = 2 ** 20

const dayMs = 86_400_000

/** One request and its answer over a connection of its own. Rejects with the reason when there is no answer. */
export async function exchange(
  request: { url: string; method: string; headers: Readonly<Record<string, string>>; body: string },
  options: ExchangeOptions,
): Promise<HttpAnswer> {
  const { signal, wantsBody } = options
  const url = new URL(request.url)
  const socket = await connectionFor(url, options)
  try {
    const response = await responseTo(socket, url, request, signal)
    const status = response.statusCode ?? 0
    const location = response.headers.location
    if (!wantsBody || request.method === 'HEAD') return { status, location, body: '' }
    return { status, location, body: await beginOf(response) }
  } finally {
    socket.destroy()
  }
}

async function connectionFor(url: URL, options: ExchangeOptions): Promise<Socket> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const encrypted = url.protocol === 'https:'
  const port = Number(url.port === '' ? (encrypted ? 443 : 80) : url.port)
  // Most agents never need its megabytes. Loaded first, since a socket must not be without somebody who hears its errors.
  const tls = encrypted ? await import('node:tls') : undefined
  const plain = await connectTo({ host, port, version: options.version }, options)
  if (!tls) return plain
  const socket = await encryptedOver(plain, host, tls.connect)
  const { valid_to: validTo } = socket.getPeerCertificate()
  if (validTo !== undefined) options.tellDaysLeft((Date.parse(validTo) - Date.now()) / dayMs)
  if (socket.authorized || options.insecure) return socket
  socket.destroy()
  throw new Error(`the certificate is not good: ${certificateProblem(socket)}`)
}

/** Settles whatever the certificate is like, so that a bad one can be looked at too. */
function encryptedOver(plain: Socket, host: string, secure: typeof connect): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const servername = isIP(host) === 0 ? host : ''
    const socket = secure({ socket: plain, host, servername, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
    socket.on('error', reject)
    socket.once('secureConnect', () => resolve(socket))
    socket.once('close', () => reject(new Error('the peer hung up during the TLS handshake')))
  })
}

/** OpenSSL's names of what is wrong with certificates most often, in words. */
const certificateProblems: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'it has run out',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'nobody we know signed it',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'nobody we know signed it',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'nobody we know signed it, or the server does not send the certificates between',
}

function certificateProblem({ authorizationError }: TLSSocket): string {
  const error: unknown = authorizationError
  return error instanceof Error ? error.message : (certificateProblems[String(error)] ?? String(error))
}

function responseTo(
  socket: Socket,
  url: URL,
  { method, headers, body }: { method: string; headers: Readonly<Record<string, string>>; body: string },
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = send({
      createConnection: () => socket,
      method,
      path: `${url.pathname}${url.search}`,
      signal,
      headers: {
        host: url.host,
        'user-agent': 'falcon-agent',
        accept: '*/*',
        ...(body !== '' && { 'content-length': String(Buffer.byteLength(body)) }),
        ...(url.username !== '' && { authorization: `Basic ${btoa(credentialsOf(url))}` }),
        ...headers,
      },
    })
    request.on('error', reject)
    request.once('response', resolve)
    request.end(body)
  })
}

function credentialsOf({ username, password }: URL): string {
  return Buffer.from(decodeURIComponent(`${username}:${password}`)).toString('latin1')
}

/** The body up to the limit, in the character set that it claims. */
async function beginOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes >= longestBodyBytes) break
  }
  return decoderFor(response.headers['content-type']).decode(Buffer.concat(chunks))
}

function decoderFor(contentType = '') {
  const charset = /charset="?([\w-]+)/i.exec(contentType)?.[1] ?? 'utf-8'
  try {
    return new TextDecoder(charset)
  } catch {
    // A character set that nobody knows; what is looked for may well be plain letters.
    return new TextDecoder()
  }
}
