import { randomBytes } from 'node:crypto'

export const packetBytes = 48

const clientOfVersion4 = 0b00_100_011
const serverMode = 4
const notSynchronized = 3

/** Seconds from the beginning of NTP's first era, 1900, to that of Unix. */
const unixEpoch = 2_208_988_800
const eraSeconds = 2 ** 32

/** What a server says, times in Unix milliseconds. */
export interface NtpAnswer {
  readonly receivedMs: number
  readonly sentMs: number
}

/** `kiss` is the code of a server that wants to be left in peace: `RATE`, `DENY`, `RSTR`. */
export type NtpReading =
  | { readonly kind: 'time'; readonly answer: NtpAnswer }
  | { readonly kind: 'kiss'; readonly code: string }
  | { readonly kind: 'useless'; readonly reason: string }

/**
 * A question. Instead of our time it carries a random number, which comes back with the answer: nobody who does not see
 * the question can answer it, and the time of this host is nobody's business.
 */
export function encodeQuestion(): Buffer {
  const packet = Buffer.alloc(packetBytes)
  packet[0] = clientOfVersion4
  randomBytes(8).copy(packet, 40)
  return packet
}

/** Undefined for what is no answer to this question. `nearMs` tells in which era of 136 years its times lie. */
export function readAnswer(packet: Buffer, question: Buffer, nearMs: number): NtpReading | undefined {
  if (packet.length < packetBytes || !packet.subarray(24, 32).equals(question.subarray(40, 48))) return undefined
  const first = packet.readUInt8(0)
  if ((first & 0b111) !== serverMode) return undefined
  const stratum = packet.readUInt8(1)
  if (stratum === 0) return { kind: 'kiss', code: packet.toString('latin1', 12, 16).replaceAll('\0', '') }
  if (first >> 6 === notSynchronized || stratum > 15) return { kind: 'useless', reason: 'it has no time itself' }
  const [receivedMs, sentMs] = [timeAt(packet, 32, nearMs), timeAt(packet, 40, nearMs)]
  if (receivedMs === undefined || sentMs === undefined || sentMs < receivedMs)
    return { kind: 'useless', reason: 'its times make no sense' }
  return { kind: 'time', answer: { receivedMs, sentMs } }
}

/** 32 bits of seconds and 32 of their fractions; 0 means that there is none. */
function timeAt(packet: Buffer, at: number, nearMs: number): number | undefined {
  const seconds = packet.readUInt32BE(at)
  const fraction = packet.readUInt32BE(at + 4)
  if (seconds === 0 && fraction === 0) return undefined
  const inFirstEra = seconds - unixEpoch
  const era = Math.round((nearMs / 1000 - inFirstEra) / eraSeconds)
  return (inFirstEra + era * eraSeconds) * 1000 + (fraction * 1000) / 2 ** 32
}
