import { loadKoffi } from '../load-koffi.ts'
import { UnreachableError } from '../unreachable.ts'
import { icmp4, icmp6, withoutIpHeader } from './icmp.ts'
import type { IcmpFamily } from './icmp.ts'

export interface ReceivedPacket {
  /** From the ICMP header on. */
  readonly message: Buffer
  /** Bytes of the sender's address: 4 or 16. */
  readonly from: Buffer
  /** When the kernel got it, on the clock of `now`. */
  readonly atMs: number
}

export interface IcmpSocket {
  readonly family: IcmpFamily
  /** @throws UnreachableError when the kernel refuses to send there. */
  send(to: IcmpAddress, message: Buffer): void
  /** The next packet that has come; undefined when there is none. Never waits. */
  receive(): ReceivedPacket | undefined
  close(): void
}

/** As the kernel wants it (`struct sockaddr_in` or `sockaddr_in6`), and the address in it. */
export interface IcmpAddress {
  readonly structure: Buffer
  readonly bytes: Buffer
}

export interface IcmpCalls {
  /** @throws when the kernel does not let this process have one; says what would help. */
  open(version: 4 | 6): IcmpSocket
  /** `text` is an address, of IPv6 perhaps with a zone. */
  address(text: string, version: 4 | 6): IcmpAddress
  /** Milliseconds of the wall clock. */
  now(): number
}

/** Numbers of Linux, the same on every 64-bit machine. */
const linux = {
  socketTypes: { datagram: 2, raw: 3 },
  withoutWaiting: 0x40,
  closeOnExec: 0o2000000,
  /** ioctl that tells when the last packet came; the first call makes the kernel note it. */
  stamp: 0x8907,
  /** Bytes of packets that wait for us; the kernel gives what it allows. */
  bufferBytes: 2 ** 20,
}
const versions = {
  4: { family: icmp4, domain: 2, protocol: 1, sockaddrBytes: 16, addressAt: 4, addressBytes: 4 },
  6: { family: icmp6, domain: 10, protocol: 58, sockaddrBytes: 28, addressAt: 8, addressBytes: 16 },
} as const

/** ICMP sockets by system calls: Node has none. */
export async function loadIcmpCalls(): Promise<IcmpCalls> {
  const koffi = await loadKoffi()
  const libc = koffi.load(null)
  const socket = libc.func('int socket(int domain, int type, int protocol)')
  const sendto = libc.func('intptr_t sendto(int fd, void *data, size_t length, int flags, void *to, uint32_t toLength)')
  const recvfrom = libc.func(
    'intptr_t recvfrom(int fd, void *data, size_t length, int flags, void *from, void *fromLength)',
  )
  const setsockopt = libc.func('int setsockopt(int fd, int level, int name, void *value, uint32_t length)')
  const ioctl = libc.func('int ioctl(int fd, unsigned long request, void *argument)')
  const close = libc.func('int close(int fd)')
  const inetPton = libc.func('int inet_pton(int family, const char *text, void *address)')
  const nameToIndex = libc.func('uint32_t if_nametoindex(const char *name)')
  const clockGettime = libc.func('int clock_gettime(int clock, void *time)')
  const strerror = libc.func('const char *strerror(int number)')
  const problem = () => strerror(koffi.errno()) as string

  const time = Buffer.alloc(16)
  const millisecondsOf = () => Number(time.readBigInt64LE(0)) * 1000 + Number(time.readBigInt64LE(8)) / 1e6

  function openSocket(version: 4 | 6): { fd: number; raw: boolean } {
    const { domain, protocol } = versions[version]
    const { datagram, raw } = linux.socketTypes
    const fd = socket(domain, datagram | linux.closeOnExec, protocol) as number
    if (fd >= 0) return { fd, raw: false }
    const why = problem()
    const rawFd = socket(domain, raw | linux.closeOnExec, protocol) as number
    if (rawFd >= 0) return { fd: rawFd, raw: true }
    throw new Error(
      `Cannot open an ICMP socket for IPv${version}: ${why}; as raw socket: ${problem()}. ` +
        'It takes root, the capability net_raw, or a group of ours within /proc/sys/net/ipv4/ping_group_range',
    )
  }

  function setOption(fd: number, level: number, name: number, value: Buffer): void {
    // One that is refused costs only speed.
    setsockopt(fd, level, name, value, value.length)
  }

  function enlargeBuffer(fd: number): void {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32LE(linux.bufferBytes)
    // SO_RCVBUF, and SO_RCVBUFFORCE for who may.
    for (const name of [8, 33]) setOption(fd, 1, name, bytes)
  }

  /** Of a raw socket, which would else get every ICMP packet of the machine: only echo replies. */
  function filter(fd: number, version: 4 | 6): void {
    if (version === 4) {
      const dropped = Buffer.alloc(4)
      dropped.writeUInt32LE(~(1 << icmp4.reply) >>> 0)
      setOption(fd, 255, 1, dropped)
    } else {
      const dropped = Buffer.alloc(32, 0xff)
      dropped.writeUInt32LE(~(1 << (icmp6.reply % 32)) >>> 0, 4 * Math.floor(icmp6.reply / 32))
      setOption(fd, versions[6].protocol, 1, dropped)
    }
  }

  return {
    open(version) {
      const { family, sockaddrBytes, addressAt, addressBytes } = versions[version]
      const { fd, raw } = openSocket(version)
      if (raw) filter(fd, version)
      enlargeBuffer(fd)
      ioctl(fd, linux.stamp, time)
      const packet = Buffer.alloc(2048)
      const from = Buffer.alloc(sockaddrBytes)
      const fromLength = Buffer.alloc(4)
      return {
        family,
        send(to, message) {
          const flags = linux.withoutWaiting
          if (sendto(fd, message, message.length, flags, to.structure, to.structure.length) < 0)
            throw new UnreachableError(`Cannot send an ICMP echo: ${problem()}`)
        },
        receive() {
          fromLength.writeUInt32LE(sockaddrBytes)
          const length = recvfrom(fd, packet, packet.length, linux.withoutWaiting, from, fromLength) as number
          if (length < 0) return undefined
          ioctl(fd, linux.stamp, time)
          const received = packet.subarray(0, length)
          return {
            message: raw && version === 4 ? withoutIpHeader(received) : received,
            from: from.subarray(addressAt, addressAt + addressBytes),
            atMs: millisecondsOf(),
          }
        },
        close: () => void close(fd),
      }
    },
    address(text, version) {
      const { domain, sockaddrBytes, addressAt, addressBytes } = versions[version]
      const structure = Buffer.alloc(sockaddrBytes)
      structure.writeUInt16LE(domain, 0)
      const [plain = '', zone] = text.split('%')
      const bytes = structure.subarray(addressAt, addressAt + addressBytes)
      if (inetPton(domain, plain, bytes) !== 1) throw new UnreachableError(`Cannot send to "${text}": no IP address`)
      if (zone !== undefined) structure.writeUInt32LE(Number(zone) || (nameToIndex(zone) as number), 24)
      return { structure, bytes }
    },
    now() {
      clockGettime(0, time)
      return millisecondsOf()
    },
  }
}
