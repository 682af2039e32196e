import { existsSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createLogger } from '#lib/log'
import { createRpcClient } from '#lib/rpc'
import { Framer } from '../../lib/rpc/framer.ts'
import { loadVectorBytes, vectorFolder } from './load.ts'
import { hbsMethods, listenRecorded, transferMethods } from './recorded-server.ts'
import { recordingsOf } from './recordings.ts'
import type { Exchange } from './recordings.ts'

const goClients = ['agent-hbs', 'judge-hbs', 'agent-transfer', 'gateway-transfer'].flatMap(recordingsOf)
const recordings = [...goClients, ...recordingsOf('winagent-')]

/** The largest answer that the Windows agent reads. */
const pythonReadsBytes = 4096

describe.each(recordings)('$name', ({ exchanges }) => {
  test('each recorded request gets the recorded answer, in one piece', async () => {
    const server = await listenRecorded([...transferMethods, ...hbsMethods(exchanges)])
    const socket = connect(server.port, '127.0.0.1')
    try {
      for (const { request, response } of exchanges) {
        const [first, ...more] = await exchange(socket, request, Buffer.byteLength(response))
        const answer = Buffer.concat([first ?? Buffer.alloc(0), ...more]).toString()
        expect(withoutLatency(answer)).toBe(withoutLatency(response))
        if (answer.length < pythonReadsBytes) expect(more).toEqual([])
      }
    } finally {
      socket.destroy()
      await server.close()
    }
  })
})

const streams = recordings.filter(({ name }) => existsSync(join(vectorFolder, `wire/${name}.c2s.bin`)))

test.each(streams)('the captured stream $name.c2s.bin falls into the recorded requests', ({ name, exchanges }) => {
  const bytes = loadVectorBytes(`wire/${name}.c2s.bin`)
  const found = new Set(framesOf(bytes, 1 + (bytes.length % 97)))
  const stream = bytes.toString()
  const inside = exchanges.filter(({ request }) => stream.includes(request.trim()))
  expect(inside.length).toBeGreaterThan(0)
  for (const { request } of inside) expect(found).toContain(request.trim())
})

describe.each(goClients)('our client as $name', ({ exchanges }) => {
  test('sends the recorded bytes and reads the recorded answers', async () => {
    const seen: string[] = []
    const peer = await listenReplaying(exchanges, seen)
    const client = createRpcClient({
      addresses: [`127.0.0.1:${peer.port}`],
      connectTimeoutMs: 5000,
      callTimeoutMs: 5000,
      log: createLogger('test'),
    })
    try {
      for (const { request, response } of exchanges) {
        const { method, params } = JSON.parse(request) as { method: string; params: unknown[] }
        const { result, error } = JSON.parse(response) as { result: unknown; error: string | null }
        const call = client.call(method, params[0])
        if (error === null) expect(await call).toEqual(result)
        else await expect(call).rejects.toThrow(error)
      }
      expect(seen.map(withoutId)).toEqual(exchanges.map(({ request }) => withoutId(request)))
    } finally {
      await client.close()
      await peer.close()
    }
  })
})

/** Sends a request; the pieces in which `bytes` bytes of answer came. */
function exchange(socket: Socket, request: string, bytes: number): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    const done = () => socket.off('data', take).off('close', closed)
    const take = (piece: Buffer) => {
      pieces.push(piece)
      if (pieces.reduce((sum, { length }) => sum + length, 0) < bytes) return
      done()
      resolve(pieces)
    }
    const closed = () => reject(new Error(`Cannot get an answer: the server closed after ${pieces.length} pieces`))
    socket.on('data', take).once('close', closed)
    socket.write(request)
  })
}

function framesOf(bytes: Buffer, pieceLength: number): string[] {
  const framer = new Framer(2 ** 20)
  const texts: string[] = []
  for (let at = 0; at < bytes.length; at += pieceLength) {
    framer.push(bytes.subarray(at, at + pieceLength))
    for (let frame = framer.next(); frame !== undefined; frame = framer.next()) texts.push(frame.text)
  }
  return texts
}

/** A peer that answers requests in turn as recorded, under the ids they came with. */
async function listenReplaying(
  exchanges: readonly Exchange[],
  seen: string[],
): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((socket) => {
    let pending = ''
    socket.on('data', (chunk) => {
      const lines = (pending + chunk.toString()).split('\n')
      pending = lines.pop() ?? ''
      for (const line of lines) {
        const { id } = JSON.parse(line) as { id: number }
        const answer = exchanges[seen.length]?.response ?? ''
        seen.push(`${line}\n`)
        socket.write(answer.replace(/"id":\d+/, `"id":${id}`))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

const withoutId = (request: string) => request.replace(/,"id":\d+\}/, '}')
const withoutLatency = (answer: string) => answer.replace(/"Latency":\d+/, '"Latency":0')
