import type { Koffi } from '../../host/load-koffi.ts'

const unixSocket = 1
/** SOCK_DGRAM and SOCK_CLOEXEC, so that no plugin inherits it. */
const datagram = 2 | 0o2_000_000
/** MSG_NOSIGNAL and MSG_DONTWAIT */
const quietly = 0x4000 | 0x40

/**
 * A function that tells systemd something (`READY=1`, `WATCHDOG=1`), as sd_notify(3) does; Node has no sockets of this
 * kind. `address` is what systemd gives as `NOTIFY_SOCKET`.
 */
export function createNotify(koffi: Koffi, address: string): (message: string) => void {
  const libc = koffi.load(null)
  const socket = libc.func('int socket(int domain, int type, int protocol)') as (...args: number[]) => number
  const sendto = libc.func('int64_t sendto(int fd, void *data, size_t size, int flags, void *to, uint32_t toSize)') as (
    ...args: (number | Buffer)[]
  ) => number
  const descriptor = socket(unixSocket, datagram, 0)
  if (descriptor < 0) throw new Error(`Cannot talk to systemd on ${address}: no socket`)
  const to = socketAddress(address)
  return (message) => {
    const data = Buffer.from(message)
    const sent = sendto(descriptor, data, data.length, quietly, to, to.length)
    // A full queue means that systemd is late itself; the next sign of life comes soon.
    if (sent < 0 && koffi.errno() !== koffi.os.errno['EAGAIN'])
      throw new Error(`Cannot tell systemd ${message} on ${address}: errno ${koffi.errno()}`)
  }
}

/** struct sockaddr_un; an address that begins with `@` is an abstract one. */
function socketAddress(path: string): Buffer {
  const name = Buffer.from(path)
  if (path.startsWith('@')) name[0] = 0
  const family = Buffer.alloc(2)
  family.writeUInt16LE(unixSocket)
  return Buffer.concat([family, name, Buffer.alloc(path.startsWith('@') ? 0 : 1)])
}
