import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ReceivedItem } from '#protocol'
import { createAgentStand } from './agent.fixture.ts'
import type { AgentStand } from './agent.fixture.ts'

// Each time transfer comes back, the agent tries again within a second or two.
vi.setConfig({ testTimeout: 120_000 })

const turns = 8
const patience = { timeout: 30_000, interval: 20 }

let stand: AgentStand
beforeEach(() => {
  stand = createAgentStand()
})
afterEach(() => stand.clean())

type Way = 'open' | 'closed' | 'without answers'

/** The way to a peer, which can be cut: what is under way is lost then, and nobody listens. */
async function startWay(peerPort: number) {
  const sockets = new Set<Socket>()
  let way: Way = 'open'
  const join = (near: Socket) => {
    const far = connect(peerPort, '127.0.0.1')
    near.pipe(far)
    far.on('data', (answer: Buffer) => way === 'without answers' || near.write(answer))
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined) // The other end was cut.
      socket.on('close', () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
  }
  let server = createServer(join).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    address: `127.0.0.1:${port}`,
    async become(next: Way) {
      const wasClosed = way === 'closed'
      way = next
      if (next === 'closed') {
        server.close()
        for (const socket of sockets) socket.destroy()
        await once(server, 'close')
      } else if (wasClosed) {
        server = createServer(join).listen(port, '127.0.0.1')
        await once(server, 'listening')
      }
    },
  }
}

const keyOf = ({ endpoint, metric, tags, timestamp }: ReceivedItem) => `${endpoint}/${metric}/${tags}@${timestamp}`

test('a transfer that comes and goes has every sample in the end: once, or again where its answer was lost', async () => {
  const { port, taken } = await stand.upstream({})
  const way = await startWay(port)
  const { agent, ask } = await stand.agentWith({
    hostname: 'h1',
    transfer: { enabled: true, addrs: [way.address], interval: 1 },
    http: { enabled: true, listen: '127.0.0.1:0' },
  })
  const waiting = () => agent.counters.get('Waiting')
  const pushed: string[] = []
  const push = async () => {
    const metric = `push.${pushed.length}`
    pushed.push(metric)
    const body = JSON.stringify([{ metric, value: 1, step: 1, counterType: 'GAUGE', endpoint: 'script' }])
    expect((await ask('/v1/push', { method: 'POST', body })).status).toBe(200)
  }
  const allIsThere = () =>
    vi.waitFor(() => {
      expect(waiting()).toBe(0)
      expect(taken.some(({ metric }) => metric === pushed.at(-1))).toBe(true)
    }, patience)
  /** Of calls that were taken and whose answers were lost. */
  const unanswered = new Set<string>()

  for (let turn = 0; turn < turns; turn++) {
    // Nothing is left over from one turn to the next, in memory or on disk.
    await push()
    await allIsThere()
    if (turn % 2 === 1) {
      const before = taken.length
      await way.become('without answers')
      await vi.waitFor(() => expect(taken.length).toBeGreaterThan(before), patience)
      await way.become('closed')
      for (const item of taken.slice(before)) unanswered.add(keyOf(item))
    } else await way.become('closed')
    await push()
    await push()
    await vi.waitFor(() => expect(waiting()).toBeGreaterThan(1), patience)
    await way.become('open')
  }
  await allIsThere()
  await agent.stop()
  await way.become('closed')

  const times = new Map<string, number>()
  for (const item of taken) times.set(keyOf(item), (times.get(keyOf(item)) ?? 0) + 1)
  const arrived = new Set(taken.map(({ metric }) => metric))
  expect(pushed.filter((metric) => !arrived.has(metric))).toEqual([])
  const again = [...times].filter(([, count]) => count > 1)
  expect(again.length).toBeGreaterThan(0)
  expect(again.filter(([key]) => !unanswered.has(key))).toEqual([])
  const count = (name: string) => agent.counters.get(name)
  expect(count('received.own') + count('received.push')).toBe(times.size)
  expect(count('delivered')).toBe(times.size)
  expect(Object.entries(agent.counters.values()).filter(([name, n]) => name.startsWith('dropped.') && n > 0)).toEqual(
    [],
  )
})
