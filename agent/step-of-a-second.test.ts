import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createAgentStand } from './agent.fixture.ts'
import type { AgentStand } from './agent.fixture.ts'

// Steps are of whole seconds, so these tests take a few.
vi.setConfig({ testTimeout: 60_000 })

let stand: AgentStand
beforeEach(() => {
  stand = createAgentStand()
})
afterEach(() => stand.clean())

test('at a step of one second each second has one round, with its checks, and what is slow does not pile up', async () => {
  const { address, port, taken } = await stand.upstream({})
  // Takes connections and never answers: each question to it lasts longer than a step.
  let [open, mostOpen, asked] = [0, 0, 0]
  const silent = createServer((socket) => {
    asked++
    mostOpen = Math.max(mostOpen, ++open)
    socket.on('error', () => undefined) // It was given up.
    socket.on('close', () => open--)
    socket.resume()
  }).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port: silentPort } = silent.address() as AddressInfo
  const delays = monitorEventLoopDelay({ resolution: 10 })
  delays.enable()
  const { agent } = await stand.agentWith({
    hostname: 'h1',
    transfer: { enabled: true, addrs: [address], interval: 1 },
    checks: [
      { metric: 'net.port.listen', tags: `port=${port}` },
      { metric: 'url.check.health', tags: `url=http://127.0.0.1:${silentPort}/,timeout=3` },
    ],
  })
  const momentsOf = (name: string) => taken.filter(({ metric }) => metric === name).map(({ timestamp }) => timestamp)
  await vi.waitFor(
    () => {
      expect(momentsOf('agent.alive').length).toBeGreaterThanOrEqual(8)
      expect(momentsOf('url.check.health').length).toBeGreaterThanOrEqual(2)
    },
    { timeout: 40_000 },
  )
  delays.disable()
  await agent.stop()
  silent.close()

  const rounds = momentsOf('agent.alive')
  expect(rounds).toEqual([...new Set(rounds)].toSorted((a, b) => a - b))
  // No second goes by without a round, unless this whole process stood still for one.
  const apart = rounds.slice(1).map((moment, i) => moment - (rounds[i] ?? 0))
  expect(Math.max(...apart)).toBeLessThanOrEqual(1 + delays.max / 1e9)
  // All the host's own samples are of the same moments, and so is the quick check, but for the round that the stop may cut.
  expect(momentsOf('cpu.idle')).toEqual(rounds)
  expect(momentsOf('df.statistics.total')).toEqual(rounds)
  expect(momentsOf('net.port.listen')).toEqual(expect.arrayContaining(rounds.slice(0, -1)))
  // One question at a time, and fewer than there were rounds.
  expect(mostOpen).toBe(1)
  expect(asked).toBeLessThan(rounds.length)
})

test('at a step of one second no round waits for the one before', async () => {
  const { address, port, taken } = await stand.upstream({})
  const { agent } = await stand.agentWith({
    transfer: { enabled: true, addrs: [address], interval: 1 },
    checks: [{ metric: 'net.port.listen', tags: `port=${port}` }],
  })
  const roundsAre = (count: number) =>
    vi.waitFor(
      () => expect(taken.filter(({ metric }) => metric === 'agent.alive').length).toBeGreaterThanOrEqual(count),
      { timeout: 30_000 },
    )
  // The one that finds the agent still starting may be left out.
  await roundsAre(1)
  const before = agent.counters.get('round.skipped')
  await roundsAre(6)
  expect(agent.counters.get('round.skipped')).toBe(before)
})
