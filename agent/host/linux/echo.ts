import { randomBytes } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Host } from '../host.ts'
import { echoRequest, readEchoReply } from './icmp.ts'
import { loadIcmpCalls } from './icmp-socket.ts'
import type { IcmpAddress, IcmpCalls, IcmpSocket, ReceivedPacket } from './icmp-socket.ts'

/** Between two looks for replies. It costs no accuracy, because the kernel notes when each came. */
const pollMs = 5

/** It begins to do so some time after a socket was opened that wants it. */
const settleMs = 20

/** A socket that nobody waits at is kept for so long, which spares most opening. */
const lingerMs = 2000

/** Replies taken in one look, so that a flood of foreign ones leaves the event loop to others. */
const takenAtOnce = 1000

interface Waiting {
  readonly to: IcmpAddress
  readonly sentMs: number
  readonly startedAt: number
  answered(milliseconds: number): void
}

/**
 * Asks addresses for ICMP echoes, many at a time through one socket for each IP version, which is closed when nothing
 * is waited for. Resolves to milliseconds, or undefined when no reply came in time.
 */
export function createEcho(load: () => Promise<IcmpCalls> = loadIcmpCalls): Host['echo'] {
  let calls: Promise<IcmpCalls> | undefined
  const open = new Map<4 | 6, Promise<Conversation>>()

  async function converseWith(version: 4 | 6, kernel: IcmpCalls): Promise<Conversation> {
    const conversation = converse(kernel, kernel.open(version), () => open.delete(version))
    await sleep(settleMs)
    return conversation
  }

  return async (address, timeoutMs) => {
    const version = isIPv6(address) ? 6 : 4
    const kernel = await (calls ??= load())
    const to = kernel.address(address, version)
    let conversation = open.get(version)
    if (!conversation) {
      conversation = converseWith(version, kernel)
      open.set(version, conversation)
      conversation.catch(() => open.delete(version))
    }
    return await (await conversation).ask(to, timeoutMs)
  }
}

interface Conversation {
  ask(to: IcmpAddress, timeoutMs: number): Promise<number | undefined>
}

function converse(kernel: IcmpCalls, socket: IcmpSocket, closed: () => void): Conversation {
  const waiting = new Map<number, Waiting>()
  /** Tells our replies from those of others, and of our own sockets before. */
  const token = randomBytes(16)
  const id = token.readUInt16BE(0)
  let sequence = 0
  let poll: NodeJS.Timeout | undefined
  let linger: NodeJS.Timeout | undefined

  function drain(): void {
    for (let taken = 0; taken < takenAtOnce && waiting.size > 0; taken++) {
      const packet = socket.receive()
      if (!packet) return
      take(packet)
    }
  }

  function lookLater(): void {
    poll ??= setTimeout(() => {
      poll = undefined
      drain()
      if (waiting.size > 0) lookLater()
    }, pollMs)
  }

  function take({ message, from, atMs }: ReceivedPacket): void {
    const reply = readEchoReply(socket.family, message)
    if (!reply || !reply.payload.equals(token)) return
    const asked = waiting.get(reply.sequence)
    if (!asked || !asked.to.bytes.equals(from)) return
    const byWallClock = atMs - asked.sentMs
    const elapsed = performance.now() - asked.startedAt
    // The wall clock may have been set meanwhile.
    asked.answered(byWallClock >= 0 && byWallClock <= elapsed ? byWallClock : elapsed)
  }

  function forget(number: number): void {
    waiting.delete(number)
    if (waiting.size > 0) return
    clearTimeout(poll)
    poll = undefined
    linger = setTimeout(() => {
      closed()
      socket.close()
    }, lingerMs)
    linger.unref()
  }

  return {
    ask: (to, timeoutMs) =>
      new Promise((resolve, reject) => {
        do sequence = (sequence + 1) % 65_536
        while (waiting.has(sequence))
        const number = sequence
        const timeout = setTimeout(() => {
          // What came since the last look has come in time.
          drain()
          if (waiting.has(number)) finish(undefined)
        }, timeoutMs)
        const finish = (milliseconds: number | undefined) => {
          clearTimeout(timeout)
          forget(number)
          resolve(milliseconds)
        }
        clearTimeout(linger)
        waiting.set(number, { to, sentMs: kernel.now(), startedAt: performance.now(), answered: finish })
        try {
          socket.send(to, echoRequest(socket.family, id, number, token))
        } catch (error) {
          clearTimeout(timeout)
          forget(number)
          reject(error)
          return
        }
        lookLater()
      }),
  }
}
