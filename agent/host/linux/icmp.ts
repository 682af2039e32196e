/** ICMP echo messages as bytes, for IPv4 (RFC 792) and IPv6 (RFC 4443), which differ in type numbers only. */
export interface IcmpFamily {
  readonly request: number
  readonly reply: number
}

export const icmp4: IcmpFamily = { request: 8, reply: 0 }
export const icmp6: IcmpFamily = { request: 128, reply: 129 }

/** Of type, code, checksum, identifier, sequence. */
const headerBytes = 8

export function echoRequest({ request }: IcmpFamily, id: number, sequence: number, payload: Uint8Array): Buffer {
  const message = Buffer.alloc(headerBytes + payload.length)
  message.writeUInt8(request, 0)
  message.writeUInt16BE(id, 4)
  message.writeUInt16BE(sequence, 6)
  message.set(payload, headerBytes)
  // The kernel does this itself except on raw IPv4 sockets; of IPv6 it covers addresses only the kernel knows.
  if (request === icmp4.request) message.writeUInt16BE(checksumOf(message), 2)
  return message
}

/** Undefined when the message is none. */
export function readEchoReply(
  { reply }: IcmpFamily,
  message: Buffer,
): { readonly id: number; readonly sequence: number; readonly payload: Buffer } | undefined {
  if (message.length < headerBytes || message.readUInt8(0) !== reply || message.readUInt8(1) !== 0) return undefined
  return { id: message.readUInt16BE(4), sequence: message.readUInt16BE(6), payload: message.subarray(headerBytes) }
}

/** Raw IPv4 sockets give the IP header too. */
export function withoutIpHeader(packet: Buffer): Buffer {
  return packet.subarray(((packet[0] ?? 0) & 0x0f) * 4)
}

/** The internet checksum (RFC 1071) of a message whose own field is zero. */
function checksumOf(message: Buffer): number {
  let sum = 0
  for (let i = 0; i < message.length; i += 2) sum += ((message[i] ?? 0) << 8) | (message[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
