import { endOfValue, foldName, kindAt, membersAt, skipBlanks, wellFormed } from '#protocol'
import type { JsonPart, RawArgument } from '#protocol'
import type { Frame } from './framer.ts'

/** A request as a server understands it. */
export interface RpcRequest {
  /** Empty when there was none. */
  readonly method: string
  /** The first parameter, or the error that Go answers when there is no list of parameters. */
  readonly argument: RawArgument | { readonly missing: string }
  /** To be echoed: JSON text, or bytes where the id was not valid UTF-8. */
  readonly id: string | Buffer
}

/**
 * Reads a frame as Go's server does: names match whatever their case, the last of several counts, unknown ones are
 * ignored. Undefined when it is no request at all, upon which Go closes the connection.
 */
export function readRequest(frame: Frame): RpcRequest | undefined {
  if (frame.value === null) return { method: '', argument: { missing: missingParams }, id: 'null' }
  const value = frame.value as Record<string, unknown>
  if (!hasPlainNames(value)) return readRequest(withPlainNames(frame))
  const method = value['method'] ?? ''
  if (typeof method !== 'string') return undefined
  return { method: wellFormed(method), argument: argumentOf(frame, value['params']), id: idOf(frame, value['id']) }
}

const missingParams = 'jsonrpc: request body missing params'
const ownNames = new Set(['method', 'params', 'id'])

/** Whether each of our members goes by the name we look it up with. */
function hasPlainNames(value: Record<string, unknown>): boolean {
  for (const name of Object.keys(value)) if (!ownNames.has(name) && ownNames.has(foldName(name))) return false
  return true
}

/** The same request with its members named as usual. */
function withPlainNames(frame: Frame): Frame {
  // One character a byte, so that the positions are those of the bytes.
  const source = frame.bytes?.toString('latin1') ?? frame.text
  const own = membersAt(source, 0).filter(({ name }) => ownNames.has(foldName(name)))
  const text = `{${own.map(({ name, start, end }) => `"${foldName(name)}":${source.slice(start, end)}`).join(',')}}`
  if (frame.bytes === undefined) return { text, value: JSON.parse(text) as unknown }
  const bytes = Buffer.from(text, 'latin1')
  return { text: bytes.toString(), value: JSON.parse(bytes.toString()) as unknown, bytes }
}

function argumentOf(frame: Frame, params: unknown): RpcRequest['argument'] {
  if (params === undefined || params === null) return { missing: missingParams }
  if (Array.isArray(params)) return new Argument(frame.text, (params as unknown[])[0])
  const part = lastMember(frame.text, 'params')
  const kind = part === undefined ? 'object' : kindAt(frame.text, part.start)
  return { missing: `json: cannot unmarshal ${kind} into Go value of type [1]interface {}` }
}

/** The first parameter within the text of its request. */
class Argument implements RawArgument {
  readonly source: string
  readonly value: unknown

  constructor(source: string, value: unknown) {
    this.source = source
    this.value = value
  }

  text(): string {
    const params = lastMember(this.source, 'params')
    if (params === undefined || this.value === undefined) return 'null'
    const start = skipBlanks(this.source, params.start + 1)
    return this.source.slice(start, endOfValue(this.source, start))
  }
}

/** The last member, and a number: how Go's clients and most others write an id. */
const idAtEnd = /,\s*"id"\s*:\s*(-?[\d.eE+-]+)\s*\}$/

function idOf(frame: Frame, id: unknown): string | Buffer {
  if (id === undefined || id === null) return 'null'
  if (frame.bytes !== undefined) {
    const source = frame.bytes.toString('latin1')
    return Buffer.from(compact(source, lastMember(source, 'id'), /[<>&]|\xe2\x80[\xa8\xa9]/g), 'latin1')
  }
  const ending = typeof id === 'number' ? idAtEnd.exec(frame.text.slice(-64)) : null
  return ending?.[1] ?? compact(frame.text, lastMember(frame.text, 'id'), /[<>&\u2028\u2029]/g)
}

function lastMember(text: string, name: string): JsonPart | undefined {
  return membersAt(text, 0).findLast((member) => member.name === name)
}

/** A value without the blanks between its parts, and with what Go escapes in texts escaped. */
function compact(text: string, part: JsonPart | undefined, escaped: RegExp): string {
  if (part === undefined) return 'null'
  let packed = ''
  let from = part.start
  for (let i = part.start; i < part.end; i++) {
    if (text[i] === '"') i = endOfValue(text, i) - 1
    else if (skipBlanks(text, i) !== i) {
      packed += text.slice(from, i)
      from = skipBlanks(text, i)
      i = from - 1
    }
  }
  packed += text.slice(from, part.end)
  return packed.replace(escaped, (character) => `\\u${codeOf(character).toString(16).padStart(4, '0')}`)
}

/** Code of a character, also of one that is given as the three bytes it has in UTF-8. */
function codeOf(character: string): number {
  return character.length === 3 ? 0x2000 | (character.charCodeAt(2) & 0x3f) : character.charCodeAt(0)
}
