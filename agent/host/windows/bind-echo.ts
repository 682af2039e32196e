import { isIPv6 } from 'node:net'
import type { Koffi } from '../load-koffi.ts'
import { UnreachableError } from '../unreachable.ts'
import { windowsError } from './calls.ts'
import type { EchoCalls, PendingEcho } from './win32.ts'

const ioPending = 997
const signalled = 0
const invalidHandle = -1
const families = { 4: 2, 6: 23 } as const
const payload = Buffer.from('falcon')
/** For the reply with its payload, and the eight bytes that an error of the network may add. */
const replySize = 128
/** SOCKADDR_IN6, in which an address of version 4 has its place too. */
const socketAddressSize = 28
/** ICMP_ECHO_REPLY and ICMPV6_ECHO_REPLY: where the status is; the time follows it. */
const statusAt = { 4: 4, 6: 28 } as const

/** Echoes that Windows sends and waits for itself: it signals an event when the reply is there or the time is up. */
export function bindEcho(koffi: Koffi): EchoCalls {
  let bound: ReturnType<typeof bindIcmp> | undefined

  return {
    sendEcho(address, timeoutMs): PendingEcho {
      const icmp = (bound ??= bindIcmp(koffi))
      const version = isIPv6(address) ? 6 : 4
      const to = socketAddress(icmp, address, version)
      const route = Number(icmp.route(to, Buffer.alloc(4)))
      if (route !== 0) throw new UnreachableError(windowsError(`send to ${address}`, route).message)
      const { handle, send, parse } = icmp.open(version)
      const event = icmp.createEvent(null, true, false, null)
      // Windows writes there long after the call.
      const reply: unknown = koffi.alloc('uint8', replySize)
      const close = () => {
        koffi.free(reply)
        icmp.close(event)
      }
      send(handle, event, to, payload, reply, replySize, timeoutMs)
      const status = Number(icmp.lastError())
      if (status !== ioPending) {
        close()
        throw new UnreachableError(windowsError(`send an echo to ${address}`, status).message)
      }
      return {
        isOver: () => Number(icmp.wait(event, 0)) === signalled,
        milliseconds() {
          if (Number(parse(reply, replySize)) === 0) return undefined
          const bytes = Buffer.from(koffi.view(reply, replySize))
          const at = statusAt[version]
          return bytes.readUInt32LE(at) === 0 ? bytes.readUInt32LE(at + 4) : undefined
        },
        close,
      }
    },
  }
}

interface Sending {
  readonly handle: unknown
  readonly send: (
    handle: unknown,
    event: unknown,
    to: Buffer,
    data: Buffer,
    reply: unknown,
    size: number,
    timeoutMs: number,
  ) => unknown
  readonly parse: (reply: unknown, size: number) => unknown
}

function bindIcmp(koffi: Koffi) {
  const iphlpapi = koffi.load('iphlpapi.dll')
  const kernel32 = koffi.load('kernel32.dll')
  const lastError = kernel32.func('uint32 __stdcall GetLastError()')
  const opened = new Map<4 | 6, Sending>()

  function open(version: 4 | 6): Sending {
    const sending = version === 4 ? bindVersion4() : bindVersion6()
    if (Number(sending.handle) === invalidHandle)
      throw windowsError(`send ICMP echoes of IPv${version}`, Number(lastError()))
    return sending
  }

  function bindVersion4(): Sending {
    const send = iphlpapi.func(
      'uint32 __stdcall IcmpSendEcho2(intptr_t icmp, intptr_t event, void *apc, void *context, uint32 to, void *data, uint16 size, void *options, void *reply, uint32 replySize, uint32 timeout)',
    )
    return {
      handle: iphlpapi.func('intptr_t __stdcall IcmpCreateFile()')(),
      send: (handle, event, to, data, reply, size, timeoutMs) =>
        send(handle, event, null, null, to.readUInt32LE(4), data, data.length, null, reply, size, timeoutMs),
      parse: iphlpapi.func('uint32 __stdcall IcmpParseReplies(void *reply, uint32 size)'),
    }
  }

  function bindVersion6(): Sending {
    const send = iphlpapi.func(
      'uint32 __stdcall Icmp6SendEcho2(intptr_t icmp, intptr_t event, void *apc, void *context, void *from, void *to, void *data, uint16 size, void *options, void *reply, uint32 replySize, uint32 timeout)',
    )
    const anywhere = Buffer.alloc(socketAddressSize)
    anywhere.writeUInt16LE(families[6])
    return {
      handle: iphlpapi.func('intptr_t __stdcall Icmp6CreateFile()')(),
      send: (handle, event, to, data, reply, size, timeoutMs) =>
        send(handle, event, null, null, anywhere, to, data, data.length, null, reply, size, timeoutMs),
      parse: iphlpapi.func('uint32 __stdcall Icmp6ParseReplies(void *reply, uint32 size)'),
    }
  }

  return {
    lastError,
    route: iphlpapi.func('uint32 __stdcall GetBestInterfaceEx(void *to, _Out_ void *index)'),
    createEvent: kernel32.func('intptr_t __stdcall CreateEventW(void *security, bool manual, bool set, void *name)'),
    wait: kernel32.func('uint32 __stdcall WaitForSingleObject(intptr_t handle, uint32 milliseconds)'),
    close: kernel32.func('bool __stdcall CloseHandle(intptr_t handle)'),
    readAddress: koffi
      .load('ws2_32.dll')
      .func('int32 __stdcall InetPtonW(int32 family, str16 text, _Out_ void *bytes)'),
    open(version: 4 | 6): Sending {
      const sending = opened.get(version) ?? open(version)
      opened.set(version, sending)
      return sending
    },
  }
}

/** SOCKADDR_IN or SOCKADDR_IN6; the part of `fe80::1%7` behind the sign is the interface. */
function socketAddress(icmp: ReturnType<typeof bindIcmp>, text: string, version: 4 | 6): Buffer {
  const [plain = '', scope = '0'] = text.split('%')
  const bytes = Buffer.alloc(socketAddressSize)
  bytes.writeUInt16LE(families[version])
  if (Number(icmp.readAddress(families[version], plain, bytes.subarray(version === 4 ? 4 : 8))) !== 1)
    throw new UnreachableError(`Cannot send to "${text}": no IP address`)
  if (version === 6) bytes.writeUInt32LE(Number(scope) || 0, 24)
  return bytes
}
