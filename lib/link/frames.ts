import { ByteReader, ByteWriter, FormatError } from './bytes.ts'
import type { LinkAck, NumberedSeries, SampleColumns } from './columns.ts'
import { writeSeries } from './definitions.ts'
import type { Dictionary } from './dictionary.ts'
import type { Inbox } from './inbox.ts'
import { samplesSize, writeSamples } from './samples.ts'

/**
 * After the greetings the link is frames: u32 length of the body, u8 type, body; all numbers little-endian.
 *
 * | type | from | body |
 * |---|---|---|
 * | define | client | u32 number of the first series, series (see definitions.ts) |
 * | samples | client | u32 id, samples (see samples.ts) |
 * | call | client | u32 id, JSON `[method, params]` |
 * | ack | server | u32 id, u32 taken, u32 refused |
 * | reply | server | u32 id, JSON |
 * | bytes | server | u32 id, bytes: a reply that is no JSON |
 * | error | server | u32 id, text: the call failed, or the samples should be sent again later |
 * | forget | client | nothing: series are numbered from 0 again, and what was defined counts no more |
 * | heartbeat | both | nothing |
 * | goodbye | both | text: why the connection ends now |
 */
export const frameTypes = {
  define: 1,
  samples: 2,
  call: 3,
  ack: 4,
  reply: 5,
  error: 6,
  heartbeat: 7,
  goodbye: 8,
  forget: 9,
  bytes: 10,
} as const

export interface Frame {
  readonly type: number
  readonly body: ByteReader
}

export const frameHeaderBytes = 5
export const defaultMaxFrameBytes = 32 * 2 ** 20
/** Definitions are split into frames of this many, so that long names stay far below any frame limit. */
const seriesPerFrame = 4096

/** Size of the first frame with its header, undefined while that is not known. Throws a FormatError beyond the limit. */
function frameSize(inbox: Inbox, maxFrameBytes: number): number | undefined {
  const length = inbox.peek(frameHeaderBytes)?.readUInt32LE(0)
  if (length === undefined) return undefined
  if (length > maxFrameBytes) throw new FormatError(`a frame of ${length} bytes, the limit is ${maxFrameBytes}`)
  return frameHeaderBytes + length
}

/** Takes the next frame, undefined while it is not complete. Throws a FormatError when it is too large. */
export function takeFrame(inbox: Inbox, maxFrameBytes: number): Frame | undefined {
  const size = frameSize(inbox, maxFrameBytes)
  const bytes = size === undefined ? undefined : inbox.take(size)
  return bytes && { type: bytes.readUInt8(4), body: new ByteReader(bytes.subarray(frameHeaderBytes)) }
}

/** Whether `takeFrame` would give a frame, or throw. */
export function hasFrame(inbox: Inbox, maxFrameBytes: number): boolean {
  const length = inbox.peek(frameHeaderBytes)?.readUInt32LE(0)
  return length !== undefined && (length > maxFrameBytes || inbox.length >= frameHeaderBytes + length)
}

/**
 * The frames that carry a batch: definitions of series the receiver does not know yet, then the samples.
 * Throws a RangeError, having changed nothing, when a sample cannot be encoded or a frame would pass the limit.
 */
export function encodeSamples(id: number, columns: SampleColumns, to: Dictionary, maxFrameBytes: number): Buffer[] {
  const bodySize = 4 + samplesSize(columns.count)
  if (bodySize > maxFrameBytes)
    throw new RangeError(
      `Cannot send ${columns.count} samples at once: ${bodySize} bytes, the limit is ${maxFrameBytes}`,
    )
  const samples = startFrame(frameTypes.samples, bodySize)
  samples.writeUInt32LE(id, frameHeaderBytes)
  const view = new DataView(samples.buffer, samples.byteOffset, samples.length)
  const firstNumber = to.size
  const fresh = writeSamples(view, frameHeaderBytes + 4, columns, to)
  try {
    return [...encodeDefinitions(fresh, firstNumber, maxFrameBytes), samples]
  } catch (error) {
    to.forget(fresh)
    throw error
  }
}

function encodeDefinitions(fresh: readonly NumberedSeries[], firstNumber: number, maxFrameBytes: number): Buffer[] {
  const frames: Buffer[] = []
  for (let i = 0; i < fresh.length; i += seriesPerFrame) {
    const writer = new ByteWriter(64 * 1024)
    writer.u32(0)
    writer.u8(frameTypes.define)
    writer.u32(firstNumber + i)
    writeSeries(writer, fresh.slice(i, i + seriesPerFrame))
    const frame = writer.finish()
    const length = frame.length - frameHeaderBytes
    if (length > maxFrameBytes)
      throw new RangeError(`Cannot define ${fresh.length} series: ${length} bytes, the limit is ${maxFrameBytes}`)
    frame.writeUInt32LE(length, 0)
    frames.push(frame)
  }
  return frames
}

export function encodeAck(id: number, { taken, refused }: LinkAck): Buffer {
  const frame = startFrame(frameTypes.ack, 12)
  frame.writeUInt32LE(id, frameHeaderBytes)
  frame.writeUInt32LE(taken, frameHeaderBytes + 4)
  frame.writeUInt32LE(refused, frameHeaderBytes + 8)
  return frame
}

/** A call, reply or error: an id and a text. */
export function encodeMessage(type: 'call' | 'reply' | 'error', id: number, text: string): Buffer {
  const length = 4 + Buffer.byteLength(text)
  const frame = startFrame(frameTypes[type], length)
  frame.writeUInt32LE(id, frameHeaderBytes)
  frame.write(text, frameHeaderBytes + 4, 'utf8')
  return frame
}

/** What goes before the bytes of a reply that is no JSON; they follow as they are. */
export function encodeBytesHead(id: number, length: number): Buffer {
  const head = Buffer.allocUnsafe(frameHeaderBytes + 4)
  head.writeUInt32LE(4 + length, 0)
  head.writeUInt8(frameTypes.bytes, 4)
  head.writeUInt32LE(id, frameHeaderBytes)
  return head
}

export function encodeEmpty(type: 'heartbeat' | 'forget'): Buffer {
  return startFrame(frameTypes[type], 0)
}

export function encodeGoodbye(reason: string): Buffer {
  const frame = startFrame(frameTypes.goodbye, Buffer.byteLength(reason))
  frame.write(reason, frameHeaderBytes, 'utf8')
  return frame
}

/** The rest of a body as text. */
export function restAsText(body: ByteReader): string {
  return body.raw(body.left).toString('utf8')
}

function startFrame(type: number, length: number): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderBytes + length)
  frame.writeUInt32LE(length, 0)
  frame.writeUInt8(type, 4)
  return frame
}
