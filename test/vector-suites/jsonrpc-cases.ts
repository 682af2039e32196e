import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { loadVectors } from './load.ts'

type Bytes = { utf8: string } | { b64: string }

export interface JsonRpcCase {
  readonly name: string
  readonly target: 'transfer' | 'hbs'
  readonly send: readonly (Bytes | { sleep_s: number })[]
  readonly half_close: boolean
  readonly recv: Bytes
  readonly server_closed: 'fin' | 'rst' | null
}

/** The recorded probes of one server. Throws when there are none. */
export function jsonRpcCases(target: JsonRpcCase['target']): JsonRpcCase[] {
  const { cases } = loadVectors<{ cases: JsonRpcCase[] }>('rpc/jsonrpc-cases.json')
  const own = cases.filter((recorded) => recorded.target === target)
  if (own.length === 0) throw new Error(`Cannot run the JSON-RPC cases: none is for ${target}`)
  return own
}

/** How long a server may take for what it is expected to do. */
const patienceMs = 10_000
/** How long a server is watched for what it is expected not to do. */
const silenceMs = 100

/**
 * Plays every recorded probe of one server against the one that listens on `port` of the loopback, each on its own
 * connection, and expects the recorded bytes. What differs between any two runs is evened out on both sides: latencies,
 * timestamps, the order of answers to pipelined requests, and the order of hosts and strategies.
 */
export async function runJsonRpcCases(target: JsonRpcCase['target'], port: number): Promise<void> {
  const cases = jsonRpcCases(target)
  const seen = await Promise.all(
    cases.map(async (recorded) => ({ name: recorded.name, ...(await play(recorded, port)) })),
  )
  expect(seen).toEqual(
    cases.map(({ name, recv, server_closed }) => ({ name, received: evenedOut(bytesOf(recv)), closed: server_closed })),
  )
}

async function play(recorded: JsonRpcCase, port: number): Promise<{ received: string[]; closed: string | null }> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  const chunks: Buffer[] = []
  let closed: string | null = null
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.on('end', () => (closed ??= 'fin'))
  socket.on('error', () => (closed ??= 'rst'))
  try {
    for (const step of recorded.send) {
      if ('sleep_s' in step) await sleep(step.sleep_s * 1000)
      else if (socket.writable) socket.write(bytesOf(step))
    }
    if (recorded.half_close) socket.end()
    const expected = evenedOut(bytesOf(recorded.recv)).length
    const deadline = Date.now() + patienceMs
    const isDone = () =>
      evenedOut(Buffer.concat(chunks)).length >= expected && (recorded.server_closed === null || closed !== null)
    while (!isDone() && Date.now() < deadline) await sleep(5)
    if (recorded.server_closed === null) await sleep(silenceMs)
    return { received: evenedOut(Buffer.concat(chunks)), closed }
  } finally {
    socket.destroy()
  }
}

export function bytesOf(bytes: Bytes): Buffer {
  return 'utf8' in bytes ? Buffer.from(bytes.utf8) : Buffer.from(bytes.b64, 'base64')
}

/** Lines of a recording, one character a byte, without what no two runs share. */
export function evenedOut(bytes: Buffer): string[] {
  const lines = bytes.toString('latin1').split('\n')
  return lines
    .map((line) => line.replace(/("Latency":)\d+/, '$10').replace(/("Timestamp":)[1-9]\d*/, '$11'))
    .map((line) => (line.includes('"hostStrategies"') ? withStrategiesInOrder(line) : line))
    .toSorted()
}

interface Named {
  hostname: string
  strategies: { id: number }[]
}

function withStrategiesInOrder(line: string): string {
  const reply = JSON.parse(line) as { result: { hostStrategies: Named[] } }
  const hosts = reply.result.hostStrategies.toSorted((a, b) => (a.hostname < b.hostname ? -1 : 1))
  for (const host of hosts) host.strategies = host.strategies.toSorted((a, b) => a.id - b.id)
  return JSON.stringify({ ...reply, result: { hostStrategies: hosts } })
}
