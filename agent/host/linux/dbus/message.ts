/** A call of a method whose arguments are texts, as all that we need are. */
export interface BusCall {
  readonly destination: string
  readonly path: string
  readonly interface: string
  readonly member: string
  readonly arguments: readonly string[]
}

/** What came back for a call. */
export interface BusAnswer {
  readonly replyTo: number
  /** Name of the error, for example `org.freedesktop.DBus.Error.AccessDenied`. */
  readonly error: string | undefined
  readonly body: BodyReader
}

/** Reads the values of a message in order; whoever reads knows their types. @throws RangeError beyond the end. */
export interface BodyReader {
  uint32(): number
  /** A text or an object path. */
  text(): string
  skipText(): void
  signature(): string
  align(size: number): void
  readonly offset: number
}

const type = { call: 1, answer: 2, error: 3 } as const
const field = { path: 1, interface: 2, member: 3, error: 4, replyTo: 5, destination: 6, signature: 8 } as const
/** The bus must not start a program because we ask for it. */
const noAutoStart = 0x02
const version = 1

export const fixedHeaderBytes = 16
/** A bus itself takes 128 MiB; the units of the largest hosts are some. */
const longestMessage = 16 * 2 ** 20

/** A message as it goes over the wire, in little-endian order. */
export function encodeCall(call: BusCall, serial: number): Buffer {
  const body = createWriter()
  for (const argument of call.arguments) body.text(argument)
  const header = createWriter()
  header.bytes('l'.charCodeAt(0), type.call, noAutoStart, version)
  header.uint32(body.length())
  header.uint32(serial)
  const fields = createWriter()
  const add = (code: number, signature: string, value: string) => {
    fields.align(8)
    fields.bytes(code)
    fields.signature(signature)
    if (signature === 'g') fields.signature(value)
    else fields.text(value)
  }
  add(field.path, 'o', call.path)
  add(field.destination, 's', call.destination)
  add(field.interface, 's', call.interface)
  add(field.member, 's', call.member)
  if (call.arguments.length > 0) add(field.signature, 'g', 's'.repeat(call.arguments.length))
  header.uint32(fields.length())
  // The fields begin at a multiple of eight, so what is aligned in them is so in the message.
  const head = Buffer.concat([header.taken(), fields.taken()])
  return Buffer.concat([head, Buffer.alloc(padding(head.length, 8)), body.taken()])
}

/** Bytes of the message that begins with these 16. @throws when they are no beginning of a message. */
export function messageLength(start: Buffer): number {
  const read = numbersOf(start)
  const fields = read(12)
  const length = fixedHeaderBytes + fields + padding(fields, 8) + read(4)
  if (start[3] !== version || length > longestMessage) {
    throw new Error(`Cannot read a message of the bus: version ${start[3]}, ${length} bytes`)
  }
  return length
}

/** One whole message; undefined for signals and for calls that others make. */
export function decodeAnswer(message: Buffer): BusAnswer | undefined {
  if (message[1] !== type.answer && message[1] !== type.error) return undefined
  const read = numbersOf(message)
  const end = fixedHeaderBytes + read(12)
  const fields = createReader(message, fixedHeaderBytes)
  let replyTo = 0
  let error: string | undefined
  while (fields.offset < end) {
    fields.align(8)
    const code = message[fields.offset]
    const value = fields.variantAt(fields.offset + 1)
    if (code === field.replyTo) replyTo = Number(value)
    if (code === field.error) error = String(value)
  }
  return { replyTo, error, body: createReader(message, end + padding(end, 8)) }
}

function padding(length: number, size: number): number {
  return (size - (length % size)) % size
}

/** A message says in its first byte in which order its numbers are. */
function numbersOf(message: Buffer): (at: number) => number {
  return message[0] === 'B'.charCodeAt(0) ? (at) => message.readUInt32BE(at) : (at) => message.readUInt32LE(at)
}

function createReader(message: Buffer, start: number): BodyReader & { variantAt(offset: number): string | number } {
  const number = numbersOf(message)
  let offset = start
  const reader = {
    get offset() {
      return offset
    },
    // Of the message: a body begins at a multiple of eight.
    align(size: number) {
      offset += padding(offset, size)
    },
    uint32() {
      reader.align(4)
      offset += 4
      return number(offset - 4)
    },
    text() {
      const length = reader.uint32()
      const from = offset
      offset += length + 1
      if (offset > message.length) throw new RangeError('A text reaches beyond its message')
      return message.toString('utf8', from, from + length)
    },
    skipText() {
      const length = reader.uint32()
      offset += length + 1
    },
    signature() {
      const from = offset + 1
      const length = message.readUInt8(offset)
      offset = from + length + 1
      return message.toString('latin1', from, from + length)
    },
    /** A value that says its type itself, of the types that header fields have. */
    variantAt(at: number) {
      offset = at
      const signature = reader.signature()
      if (signature === 'u') return reader.uint32()
      if (signature === 'g') return reader.signature()
      if (signature === 's' || signature === 'o') return reader.text()
      throw new Error(`Cannot read a message of the bus: a header field of type "${signature}"`)
    },
  }
  return reader
}

function createWriter() {
  const found: number[] = []
  const writer = {
    length: () => found.length,
    taken: () => Buffer.from(found),
    bytes: (...bytes: number[]) => found.push(...bytes),
    align: (size: number) => found.push(...Array.from({ length: padding(found.length, size) }, () => 0)),
    uint32(value: number) {
      writer.align(4)
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32LE(value)
      found.push(...bytes)
    },
    text(value: string) {
      const bytes = Buffer.from(value)
      writer.uint32(bytes.length)
      found.push(...bytes, 0)
    },
    signature(value: string) {
      found.push(value.length, ...Buffer.from(value, 'latin1'), 0)
    },
  }
  return writer
}
