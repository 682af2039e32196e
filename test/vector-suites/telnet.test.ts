import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { alignDown, isCounterType, readTelnetLine } from '#protocol'
import { loadVectors } from './load.ts'
import { recordedGraphItem, recordedJudgeItem } from './recorded-items.ts'
import type { RecordedGraphItem, RecordedJudgeItem } from './recorded-items.ts'
import { startPeeredStand } from '../drivers/transfer-stand.ts'
import type { Arrived, PeeredStand } from '../drivers/transfer-stand.ts'

interface Case {
  name: string
  send: { utf8?: string; b64?: string }
  half_close: boolean
  recv: { utf8: string }
  /** null: the server had not closed when the recorder did. */
  server_closed: string | null
  graph: RecordedGraphItem[]
  judge: RecordedJudgeItem[]
}

const { meta, cases } = loadVectors<{ meta: { now: number; min_step: number }; cases: Case[] }>('rpc/telnet-cases.json')

/**
 * Where we differ on purpose: our own wire carries 32 bits of seconds, so an item of a time outside of it (no check in
 * the original) is refused and counted. What would be forwarded is still compared, in its pure form.
 */
const carried = ({ timestamp }: { timestamp: number }) => timestamp >= 0 && timestamp < 2 ** 32

let stand: PeeredStand
beforeAll(async () => {
  stand = await startPeeredStand({ nowSeconds: () => meta.now, members: { minStep: meta.min_step } })
})
afterAll(() => stand.stop())

describe('each recorded telnet session, over the socket', () => {
  test('there are cases', () => expect(cases.length).toBeGreaterThan(0))

  test.each(cases)('$name', async ({ send, half_close, recv, server_closed, graph, judge }) => {
    const bytes = send.b64 === undefined ? Buffer.from(send.utf8 ?? '') : Buffer.from(send.b64, 'base64')
    const received = await speak(bytes, half_close, server_closed === null)
    const arrived = { graph: stand.graph.taken(), judge: stand.judge.taken() }
    expect(received).toBe(recv.utf8)
    expect(arrived.graph.map(recordedGraphItem)).toEqual(graph.filter(carried))
    expect(arrived.judge.map(recordedJudgeItem)).toEqual(judge.filter(carried))
    expect(forwarded(bytes).map(recordedGraphItem)).toEqual(graph)
    expect(forwarded(bytes).map(recordedJudgeItem)).toEqual(judge)
  })
})

/** Says it all and waits for the server's end. `staysOpen`: nothing may happen before we hang up. */
async function speak(bytes: Buffer, halfClose: boolean, staysOpen: boolean): Promise<string> {
  const socket = connect({ port: stand.ports.socket, host: '127.0.0.1', allowHalfOpen: true })
  let received = ''
  let ended = false
  socket.on('data', (chunk) => (received += chunk.toString()))
  socket.on('end', () => (ended = true))
  await once(socket, 'connect')
  socket.write(bytes)
  if (staysOpen) {
    await new Promise((resolve) => void setTimeout(resolve, 50))
    expect(ended).toBe(false)
    expect([...stand.graph.taken(), ...stand.judge.taken()]).toEqual([])
  }
  if (halfClose || staysOpen) socket.end()
  if (!ended) await once(socket, 'end')
  socket.destroy()
  return received
}

/** What the lines mean, without a wire that could be too narrow for it. */
function forwarded(bytes: Buffer): Arrived[] {
  const arrived: Arrived[] = []
  for (const line of bytes.toString().split('\n').slice(0, -1)) {
    const read = readTelnetLine(line)
    if (read.kind === 'quit') break
    if (read.kind === 'ignored' || !read.item.ok) continue
    const { counterType, timestamp, value, ...names } = read.item.value
    if (!isCounterType(counterType)) continue
    const series = { ...names, counterType, step: Math.max(names.step, meta.min_step) }
    arrived.push({ series, timestamp: alignDown(timestamp, series.step), value })
  }
  return arrived
}
