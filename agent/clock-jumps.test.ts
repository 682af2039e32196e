import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ReceivedItem } from '#protocol'
import { createAgentStand } from './agent.fixture.ts'
import type { AgentStand, StandAgent } from './agent.fixture.ts'

// Steps are of whole seconds, so these tests take a few.
vi.setConfig({ testTimeout: 60_000 })

const hourMs = 3_600_000
const http = { enabled: true, listen: '127.0.0.1:0' }
const patience = { timeout: 20_000 }

let stand: AgentStand
/** How far the clock has been set. */
let aheadMs: number
const now = () => Date.now() + aheadMs
beforeEach(() => {
  stand = createAgentStand()
  aheadMs = 0
})
afterEach(() => stand.clean())

function push({ ask }: StandAgent, metric: string): Promise<Response> {
  return ask('/v1/push', {
    method: 'POST',
    body: JSON.stringify([{ metric, value: 1, step: 1, counterType: 'GAUGE', endpoint: 'script' }]),
  })
}

/** Moments of the rounds that arrived, in the order they arrived in. */
function roundsIn(taken: readonly ReceivedItem[]): number[] {
  return taken.filter(({ metric }) => metric === 'agent.alive').map(({ timestamp }) => timestamp)
}

function lost({ agent }: StandAgent): [string, number][] {
  return Object.entries(agent.counters.values()).filter(([name, count]) => name.startsWith('dropped.') && count > 0)
}

test('over a clock set by an hour, ahead and back and back again, each round and each beat comes once, at the time of the clock', async () => {
  const { address, taken, reports } = await stand.upstream({})
  const running = await stand.agentWith(
    {
      hostname: 'h1',
      heartbeat: { enabled: true, addr: address, interval: 1 },
      transfer: { enabled: true, addrs: [address], interval: 1 },
      http,
    },
    { now },
  )
  const goneOn = async (metric: string) => {
    const [rounds, beats] = [roundsIn(taken).length, reports.length]
    expect((await push(running, metric)).status).toBe(200)
    await vi.waitFor(() => {
      expect(roundsIn(taken).length).toBeGreaterThan(rounds + 2)
      expect(reports.length).toBeGreaterThan(beats + 1)
    }, patience)
  }
  const jumps = [0, hourMs, 0, -hourMs, 0]
  const seconds: number[] = []
  for (const [i, jump] of jumps.entries()) {
    aheadMs = jump
    await goneOn(`push.${i}`)
    seconds.push(Math.floor(now() / 1000))
    const [newest = 0] = roundsIn(taken).slice(-1)
    expect(Math.abs((seconds.at(-1) ?? 0) - newest)).toBeLessThan(60)
  }
  const page = await (await running.ask('/')).text()
  expect(page).toContain('cpu.idle')
  expect(page).not.toMatch(/NaN|Infinity/)
  await running.agent.stop()

  const moments = roundsIn(taken)
  const apart = moments.slice(1).map((moment, i) => moment - (moments[i] ?? 0))
  // A busy machine may let a second go by without a round; a jump costs no more than that.
  const set = apart.map((seconds) => Math.round(seconds / 3600))
  expect(set.filter((hours) => hours !== 0)).toEqual([1, -1, -1, 1])
  for (const [i, hours] of set.entries()) expect((apart[i] ?? 0) - hours * 3600).toSatisfy((s) => s > 0 && s <= 5)

  const keys = taken.map(({ endpoint, metric, tags, timestamp }) => `${endpoint}/${metric}/${tags}@${timestamp}`)
  expect(keys.length).toBe(new Set(keys).size)
  for (const i of jumps.keys()) expect(taken.filter(({ metric }) => metric === `push.${i}`)).toHaveLength(1)
  const averages = taken.filter(({ metric }) => /^(?:cpu|disk\.io|agent)\./.test(metric))
  expect(averages.length).toBeGreaterThan(0)
  for (const { metric, value } of averages) expect(value, metric).toSatisfy((v) => v >= 0 && v < 1e18)
  expect(lost(running)).toEqual([])
  const count = (name: string) => running.agent.counters.get(name)
  expect(count('received.own') + count('received.push')).toBe(count('delivered'))
  expect(count('delivered')).toBe(taken.length)
})

test('what waits in the spool is as old as it has waited, however the clock is set meanwhile', async () => {
  const port = await freePort()
  const running = await stand.agentWith(
    {
      hostname: 'h1',
      transfer: { enabled: true, addrs: [`127.0.0.1:${port}`], interval: 1 },
      spool: { maxAgeSeconds: 60 },
      http,
    },
    { now },
  )
  const inSpool = async (metric: string) => expect((await push(running, metric)).status).toBe(200)
  await inSpool('before')
  aheadMs = hourMs
  await inSpool('ahead')
  aheadMs = -hourMs
  await inSpool('back')
  const { taken } = await stand.upstream({ port })
  const pushed = () => taken.filter(({ endpoint }) => endpoint === 'script').map(({ metric }) => metric)
  await vi.waitFor(() => expect(pushed()).toEqual(['before', 'ahead', 'back']), patience)
  expect(lost(running)).toEqual([])
})

/** One that nobody listens on for now. */
async function freePort(): Promise<number> {
  const { port, close } = await stand.upstream({})
  await close()
  return port
}
