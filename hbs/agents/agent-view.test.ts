import { expect, onTestFinished, test } from 'vitest'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import type { AgentHealth } from '#protocol'
import { agentDetails, agentViews } from './agent-view.ts'
import { createLiveAgents } from './live-agents.ts'

function fleet(nowMs: () => number) {
  const agents = createLiveAgents({
    rows: { write: async (reports) => ({ inserted: reports.length, updated: 0, unchanged: 0, unknown: 0 }) },
    counters: createCounters(),
    log: createLogger('test', { destination: { write: () => undefined } }),
    now: nowMs,
    maxAgents: 100_000,
    inserted: () => undefined,
  })
  onTestFinished(() => agents.stop())
  return agents
}

const healthy: AgentHealth = {
  system: 'linux',
  started: 5,
  waiting: 0,
  spoolBytes: 0,
  spoolOldest: 0,
  dropped: 0,
  skew: -0.25,
  wrong: [],
  collectors: [],
  plugins: [{ plugin: 'a.sh', last: 9, exit: 0, error: '' }],
  morePlugins: 0,
}
const sick: AgentHealth = {
  ...healthy,
  wrong: ['pluginFailed'],
  plugins: [{ plugin: 'b.sh', last: 9, exit: 2, error: 'exit status 2' }, ...healthy.plugins],
}
const request = (Hostname: string, more: object = {}) => ({
  Hostname,
  IP: '10.0.0.1',
  AgentVersion: '0.1.0',
  PluginVersion: 'abc',
  ...more,
})
const wanted = (query = '') => new URLSearchParams(query)

test('an agent of ours is shown with what it says of itself, any other with what its report says', () => {
  let nowMs = 1_000_000
  const agents = fleet(() => nowMs)
  agents.saw(request('ours', { Instance: 'i', Health: sick }), '10.0.0.1')
  nowMs += 90_000
  agents.saw(request('go'), '192.0.2.7')
  const [go, ours] = agentViews(agents.all(), wanted(), nowMs)
  expect(go).toMatchObject({
    hostname: 'go',
    ip: '10.0.0.1',
    address: '10.0.0.1 (from 192.0.2.7)',
    version: '0.1.0',
    pluginVersion: 'abc',
    lastSeen: 1090,
    silentSeconds: 0,
    duplicates: [],
    skew: null,
    startedAt: null,
    failingPlugins: [],
    healthAt: null,
  })
  expect(ours).toMatchObject({
    hostname: 'ours',
    silentSeconds: 90,
    skew: -0.25,
    startedAt: 5,
    wrong: ['pluginFailed'],
    failingPlugins: [{ plugin: 'b.sh', last: 9, exit: 2, error: 'exit status 2' }],
    healthAt: 1000,
  })
  const agent = agents.find('ours')
  expect(agent && agentDetails(agent, nowMs).plugins.map(({ plugin }) => plugin)).toEqual(['b.sh', 'a.sh'])
})

test('ten thousand agents that tell how they are, round after round, are listed, also only the silent or the sick', () => {
  let nowMs = 1_000_000
  const agents = fleet(() => nowMs)
  for (let round = 0; round < 3; round++) {
    nowMs += 60_000
    for (let i = 0; i < 10_000; i++) {
      if (round === 2 && i % 100 === 0) continue
      const Health = i % 1000 === 7 ? sick : healthy
      agents.saw(request(`host${i}`, { Instance: `i${i}`, ...(round === 0 && { Health }) }), '10.0.0.1')
    }
  }
  const names = (query: string) => agentViews(agents.all(), wanted(query), nowMs).map(({ hostname }) => hostname)
  expect(names('')).toHaveLength(10_000)
  expect(names('silent=60')).toHaveLength(100)
  expect(names('silent=61')).toHaveLength(0)
  expect(names('trouble=1')).toHaveLength(10)
})
