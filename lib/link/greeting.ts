import type { Inbox } from './inbox.ts'

/** The wire's version. Peers of different versions refuse each other, so it changes with any change of the frames. */
export const linkVersion = 1

/**
 * The first thing each side says: magic, kind, version, length, text. This layout is the same in every version, so that
 * a refusal can always be read. The text is the module's name, or the reason of a refusal.
 */
export interface Greeting {
  readonly kind: 'hello' | 'welcome' | 'refuse'
  readonly version: number
  readonly text: string
}

const kinds = ['hello', 'welcome', 'refuse'] as const
/** Begins with a byte that no text protocol begins with. */
const magic = Buffer.from([0x89, 0x46, 0x4c, 0x4b])
const fixedBytes = 9
const maxTextBytes = 4096

export function encodeGreeting({ kind, version, text }: Greeting): Buffer {
  const body = Buffer.from(text).subarray(0, maxTextBytes)
  const bytes = Buffer.allocUnsafe(fixedBytes)
  magic.copy(bytes)
  bytes.writeUInt8(kinds.indexOf(kind), 4)
  bytes.writeUInt16LE(version, 5)
  bytes.writeUInt16LE(body.length, 7)
  return Buffer.concat([bytes, body])
}

/** Takes a greeting: `incomplete` while bytes are missing, `foreign` when this is another protocol. */
export function takeGreeting(inbox: Inbox): Greeting | 'incomplete' | 'foreign' {
  const start = inbox.peek(Math.min(inbox.length, magic.length))
  if (!start || start.length === 0) return 'incomplete'
  if (!start.equals(magic.subarray(0, start.length))) return 'foreign'
  const fixed = inbox.peek(fixedBytes)
  if (!fixed) return 'incomplete'
  const kind = kinds[fixed.readUInt8(4)]
  const version = fixed.readUInt16LE(5)
  const length = fixed.readUInt16LE(7)
  if (kind === undefined || length > maxTextBytes) return 'foreign'
  const whole = inbox.take(fixedBytes + length)
  return whole ? { kind, version, text: whole.toString('utf8', fixedBytes) } : 'incomplete'
}

/** What to tell a peer that speaks something else, in its own words where they are known. */
export function answerToForeign(firstBytes: string, module: string): string {
  const reason = `this port of ${module} takes only the binary link of the modules beside it (version ${linkVersion})`
  if (/^[A-Z]+ \S* ?HTTP\/|^(GET|POST|PUT|HEAD|DELETE|OPTIONS|PATCH) /.test(firstBytes)) {
    const body = `${reason}, not HTTP\n`
    const head = `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`
    return `${head}Connection: close\r\n\r\n${body}`
  }
  // Go's client takes an error only for a request that it sent, and numbers those of a connection from 0.
  if (/^\s*[{[]/.test(firstBytes))
    return `${JSON.stringify({ id: 0, result: null, error: `${reason}, not JSON-RPC` })}\n`
  return `${reason}\n`
}
