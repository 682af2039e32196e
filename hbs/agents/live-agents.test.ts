import { Writable } from 'node:stream'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import { openPortalStore } from '../../test/services/index.ts'
import type { PortalStore } from '../../test/services/index.ts'
import { createHostRows } from './host-rows.ts'
import type { HostRows } from './host-rows.ts'
import { createLiveAgents } from './live-agents.ts'
import type { LiveAgentsOptions } from './live-agents.ts'

let mysql: PortalStore
beforeAll(async () => {
  mysql = await openPortalStore('mysql')
}, 120_000)
afterAll(() => mysql.remove())

function started(rows: HostRows, members: Partial<LiveAgentsOptions> = {}) {
  const counters = createCounters()
  const lines: string[] = []
  const destination = new Writable({ write: (line, _encoding, done) => (lines.push(String(line)), done()) })
  const told = { inserted: 0 }
  const agents = createLiveAgents({
    rows,
    counters,
    log: createLogger('test', { destination }),
    now: Date.now,
    maxAgents: 100_000,
    inserted: () => told.inserted++,
    gatherMs: 5,
    retryMs: 20,
    ...members,
  })
  onTestFinished(() => agents.stop())
  /** Every accepted change ends in one counter of its own. */
  const settled = () =>
    ['inserted', 'updated', 'unchanged', 'unknown', 'superseded', 'unwritable', 'abandoned']
      .map((name) => counters.get(`hosts.${name}`))
      .reduce((sum, count) => sum + count, 0)
  const written = async () => {
    while (settled() < counters.get('agents.toWrite')) await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return { agents, counters, lines, told, written, settled }
}

const request = (Hostname: string, IP = '10.0.0.1') => ({ Hostname, IP, AgentVersion: '0.1.0', PluginVersion: '' })
const count = async (store: PortalStore) =>
  (await store.database.kysely.selectFrom('host').select('id').execute()).length

test.each(['sqlite', 'mysql'] as const)(
  'ten thousand agents at once are all written, in %s',
  async (dialect) => {
    const store = dialect === 'mysql' ? mysql : await openPortalStore('sqlite')
    if (store !== mysql) onTestFinished(() => store.remove())
    await store.replace({ grp: [{ id: 1, grp_name: 'default' }] })
    const rows = createHostRows(store.database, { assetMode: false, defaultGroup: 'default' })
    const { agents, counters, told, written } = started(rows)
    for (let round = 0; round < 3; round++)
      for (let i = 0; i < 10_000; i++) expect(agents.saw(request(`host${i}`)).accepted).toBe(true)
    await written()
    expect(await count(store)).toBe(10_000)
    expect(await store.database.kysely.selectFrom('grp_host').select('host_id').execute()).toHaveLength(10_000)
    expect(counters.values()).toMatchObject({
      'agents.reports': 30_000,
      'agents.known': 20_000,
      'agents.toWrite': 10_000,
      'hosts.inserted': 10_000,
      'hosts.waiting': 0,
    })
    expect(told.inserted).toBe(20)
    expect(agents.hostnames()).toHaveLength(10_000)
  },
  30_000,
)

test('reports are taken while the database is away and written when it is back, the newest of each host', async () => {
  await mysql.replace({})
  const rows = createHostRows(mysql.database, { assetMode: false, defaultGroup: '' })
  const { agents, counters, lines, written } = started(rows)
  await mysql.server?.kill()
  agents.saw(request('a'))
  agents.saw(request('b'))
  while (counters.get('hosts.writesFailed') < 2) await new Promise((resolve) => setTimeout(resolve, 2))
  expect(agents.saw(request('a', '10.0.0.2')).accepted).toBe(true)
  expect(agents.waiting).toBe(2)
  await mysql.server?.start()
  await written()
  const stored = await mysql.database.kysely.selectFrom('host').select(['hostname', 'ip']).orderBy('hostname').execute()
  expect(stored).toEqual([
    { hostname: 'a', ip: '10.0.0.2' },
    { hostname: 'b', ip: '10.0.0.1' },
  ])
  expect(counters.get('hosts.superseded')).toBe(1)
  expect(lines.filter((line) => line.includes('host rows cannot be written'))).toHaveLength(1)
  expect(lines.filter((line) => line.includes('host rows can be written again'))).toHaveLength(1)
}, 30_000)

test('a host that the database refuses costs no other host its row', async () => {
  await mysql.replace({})
  const rows = createHostRows(mysql.database, { assetMode: false, defaultGroup: '' })
  const { agents, counters, lines, written } = started(rows)
  // The old tables hold characters of three bytes at most.
  for (const name of ['a', 'b', 'grin\u{1f600}', 'c', 'd']) agents.saw(request(name))
  await written()
  expect(await count(mysql)).toBe(4)
  expect(counters.values()).toMatchObject({ 'hosts.inserted': 4, 'hosts.unwritable': 1 })
  expect(lines.join('')).toContain('grin')
})

test('what cannot be an agent is refused with the reason, and counted by it', () => {
  const nothing: HostRows = { write: async () => ({ inserted: 0, updated: 0, unchanged: 1, unknown: 0 }) }
  const { agents, counters } = started(nothing, { maxAgents: 2 })
  expect(agents.saw(request(''))).toEqual({ accepted: false, reason: 'the report names no host' })
  expect(agents.saw(request('x'.repeat(256)))).toMatchObject({ accepted: false })
  agents.saw(request('a'))
  agents.saw(request('b'))
  expect(agents.saw(request('c'))).toEqual({ accepted: false, reason: 'this hbs already knows 2 agents (maxAgents)' })
  expect(agents.saw(request('a')).accepted).toBe(true)
  expect(counters.values()).toMatchObject({
    'agents.reports': 6,
    'agents.toWrite': 2,
    'agents.known': 1,
    'agents.refused.noHostname': 1,
    'agents.refused.longHostname': 1,
    'agents.refused.tooMany': 1,
  })
})

test('an agent that was silent for a day is forgotten, and written again when it comes back', () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const nothing: HostRows = { write: async () => ({ inserted: 0, updated: 0, unchanged: 1, unknown: 0 }) }
  const { agents, counters } = started(nothing)
  const hour = 3600 * 1000
  agents.saw(request('silent'))
  agents.saw(request('talking'))
  for (let passed = 0; passed < 23; passed++) vi.advanceTimersByTime(hour)
  agents.saw(request('talking'))
  expect(agents.hostnames()).toEqual(['silent', 'talking'])
  vi.advanceTimersByTime(3 * hour)
  expect(agents.hostnames()).toEqual(['talking'])
  agents.saw(request('silent'))
  expect(counters.get('agents.toWrite')).toBe(3)
})

test('a stop writes what waits; what the database does not take is counted', async () => {
  await mysql.replace({})
  const rows = createHostRows(mysql.database, { assetMode: false, defaultGroup: '' })
  const first = started(rows, { gatherMs: 60_000 })
  first.agents.saw(request('a'))
  await first.agents.stop()
  expect(await count(mysql)).toBe(1)

  const away: HostRows = { write: () => Promise.reject(new Error('away')) }
  const second = started(away, { gatherMs: 60_000 })
  second.agents.saw(request('b'))
  await second.agents.stop()
  expect(second.counters.get('hosts.abandoned')).toBe(1)
  expect(second.settled()).toBe(1)
})

const health = {
  system: 'linux',
  started: 1,
  waiting: 2,
  spoolBytes: 3,
  spoolOldest: 4,
  dropped: 5,
  skew: 0.5,
  wrong: ['skew'],
  collectors: [],
  plugins: [{ plugin: 'a', last: 9, exit: 1, error: 'x' }],
  morePlugins: 0,
}
const noRows: HostRows = {
  write: async (reports) => ({ inserted: reports.length, updated: 0, unchanged: 0, unknown: 0 }),
}

test('what an agent says of itself is kept, asked for while there is none, and refused when it is none', () => {
  const { agents, counters } = started(noRows)
  const named = { ...request('h1'), Instance: 'i' }
  expect(agents.saw(named)).toMatchObject({ accepted: true, healthWanted: true })
  expect(agents.saw({ ...named, Health: { ...health, unknown: 1 } })).toMatchObject({ healthWanted: false })
  expect(agents.find('h1')?.health?.said).toEqual(health)
  const nonsense = [5, [], {}, { ...health, plugins: [{}] }, { ...health, system: 'x'.repeat(5000) }]
  for (const Health of nonsense) expect(agents.saw({ ...named, Health }).accepted).toBe(true)
  expect(counters.get('agents.healthRefused')).toBe(nonsense.length)
  expect(agents.find('h1')?.health?.said).toEqual(health)
  expect(agents.find('h2')).toBeUndefined()
})

test('two agents of one name are named in the log, to each of them and in a counter, until one is gone', () => {
  let nowMs = 0
  const { agents, counters, lines } = started(noRows, { now: () => nowMs })
  const report = (Instance: string, IP: string, peer: string) => {
    nowMs += 30_000
    return agents.saw({ ...request('h1', IP), Instance }, peer)
  }
  report('a', '10.0.0.1', '10.0.0.1')
  report('b', '10.0.0.2', '192.0.2.1')
  report('a', '10.0.0.1', '10.0.0.1')
  expect(report('b', '10.0.0.2', '192.0.2.1')).toMatchObject({ duplicates: ['10.0.0.1'] })
  expect(report('a', '10.0.0.1', '10.0.0.1')).toMatchObject({ duplicates: ['10.0.0.2 (from 192.0.2.1)'] })
  expect(counters.get('agents.duplicates')).toBe(1)
  expect(lines.filter((line) => line.includes('several agents report under one name'))).toHaveLength(1)
  expect(agents.find('h1')?.duplicates).toEqual(['10.0.0.2 (from 192.0.2.1)', '10.0.0.1'])
  for (let i = 0; i < 30; i++) report('a', '10.0.0.1', '10.0.0.1')
  expect(counters.get('agents.duplicates')).toBe(0)
  expect(lines.filter((line) => line.includes('one agent has this name again'))).toHaveLength(1)
})

test('agents that are not ours are told apart by the address they report', () => {
  const { agents } = started(noRows)
  for (const ip of ['10.0.0.1', '10.0.0.2', '10.0.0.1', '10.0.0.2']) agents.saw(request('h1', ip), '10.9.9.9')
  expect(agents.find('h1')?.duplicates).toEqual(['10.0.0.1 (from 10.9.9.9)', '10.0.0.2 (from 10.9.9.9)'])
})
