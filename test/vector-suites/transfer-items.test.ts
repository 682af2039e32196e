import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runJsonRpcCases } from './jsonrpc-cases.ts'
import { loadVectors } from './load.ts'
import { recordedGraphItem, recordedJudgeItem } from './recorded-items.ts'
import type { RecordedGraphItem, RecordedJudgeItem } from './recorded-items.ts'
import { startPeeredStand } from '../drivers/transfer-stand.ts'
import type { PeeredStand } from '../drivers/transfer-stand.ts'

interface Case {
  name: string
  request: string
  response: string
  closed: string | null
  graph: RecordedGraphItem[]
  judge: RecordedJudgeItem[]
}

const { meta, cases } = loadVectors<{ meta: { now: number; min_step: number }; cases: Case[] }>(
  'rpc/transfer-items.json',
)

/**
 * The recording took minutes and says only when it began. Where it shows a time near its beginning, that is what its
 * clock said, or as good as that.
 */
let clock = meta.now
function clockOf({ graph }: Case): number {
  const shown = graph[0]?.timestamp ?? 0
  return shown > meta.now && shown < meta.now + 3600 ? shown : meta.now
}

let stand: PeeredStand
beforeAll(async () => {
  stand = await startPeeredStand({ nowSeconds: () => clock, members: { minStep: meta.min_step } })
})
afterAll(() => stand.stop())

describe('each recorded Transfer.Update, over the sockets', () => {
  test('there are cases', () => expect(cases.length).toBeGreaterThan(0))

  test.each(cases)('$name', async (recorded) => {
    const { request, response, graph, judge, closed } = recorded
    clock = clockOf(recorded)
    expect(closed).toBeNull()
    const answer = await call(request)
    const arrived = { graph: stand.graph.taken(), judge: stand.judge.taken() }
    expect(withoutLatency(answer)).toBe(withoutLatency(response))
    expect(arrived.graph.map(recordedGraphItem)).toEqual(graph)
    expect(arrived.judge.map(recordedJudgeItem)).toEqual(judge)
  })
})

test('every recorded JSON-RPC probe of a transfer, against ours', () => runJsonRpcCases('transfer', stand.ports.rpc))

async function call(request: string): Promise<string> {
  const socket = connect(stand.ports.rpc, '127.0.0.1')
  try {
    socket.write(request)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    return answer.toString()
  } finally {
    socket.destroy()
  }
}

function withoutLatency(answer: string): string {
  return answer.replace(/"Latency":\d+/, '"Latency":0')
}
