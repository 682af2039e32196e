import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openPortalStore } from '../../test/services/index.ts'
import type { PortalStore } from '../../test/services/index.ts'
import { createHostRows, hostReport } from './host-rows.ts'
import type { HostReport } from './host-rows.ts'

const report = (hostname: string, members: Partial<HostReport> = {}): HostReport => ({
  hostname,
  ip: '10.0.0.1',
  agent_version: '0.1.0',
  plugin_version: 'plugin not enabled',
  ...members,
})

test('what is reported is cut to the widths of the columns, by characters', () => {
  const request = {
    Hostname: 'h',
    IP: '2001:db8::1234:5678',
    AgentVersion: '5.1.0-\u{1f600}-build-123456',
    PluginVersion: 'é'.repeat(200),
  }
  expect(hostReport(request)).toEqual({
    hostname: 'h',
    ip: '2001:db8::1234:5',
    agent_version: '5.1.0-\u{1f600}-build-12',
    plugin_version: 'é'.repeat(128),
  })
  expect(hostReport({ ...request, Hostname: 'x'.repeat(255) })?.hostname).toHaveLength(255)
  expect(hostReport({ ...request, Hostname: 'x'.repeat(256) })).toBeUndefined()
})

describe.each(['sqlite', 'mysql'] as const)('%s', (dialect) => {
  let store: PortalStore
  beforeAll(async () => {
    store = await openPortalStore(dialect)
  }, 120_000)
  afterAll(() => store.remove())
  beforeEach(() => store.replace({ grp: [{ id: 5, grp_name: 'default' }] }))

  const hosts = () =>
    store.database.kysely
      .selectFrom('host')
      .select(['hostname', 'ip', 'agent_version', 'plugin_version'])
      .orderBy('hostname')
      .execute()
  const members = async () =>
    (
      await store.database.kysely
        .selectFrom('grp_host')
        .innerJoin('host', 'host.id', 'grp_host.host_id')
        .select(['grp_id', 'hostname'])
        .orderBy('hostname')
        .execute()
    ).map(({ grp_id, hostname }) => `${hostname} in ${grp_id}`)

  test('new hosts are inserted, changed ones updated, the rest left alone', async () => {
    const rows = createHostRows(store.database, { assetMode: false, defaultGroup: '' })
    expect(await rows.write([report('a'), report('b'), report('c')])).toEqual({
      inserted: 3,
      updated: 0,
      unchanged: 0,
      unknown: 0,
    })
    const second = [report('a'), report('b', { ip: '10.0.0.2' }), report('d')]
    expect(await rows.write(second)).toEqual({ inserted: 1, updated: 1, unchanged: 1, unknown: 0 })
    expect(await hosts()).toEqual([report('a'), report('b', { ip: '10.0.0.2' }), report('c'), report('d')])
    expect(await members()).toEqual([])
  })

  test('what an agent sends is data, not SQL', async () => {
    const rows = createHostRows(store.database, { assetMode: false, defaultGroup: 'default' })
    const wicked = report(`h'); DROP TABLE host; --`, { plugin_version: `' where 1=1; --` })
    await rows.write([wicked])
    await rows.write([{ ...wicked, ip: `'||ip||'` }])
    expect(await hosts()).toEqual([{ ...wicked, ip: `'||ip||'` }])
  })

  test('in asset-synchronised mode only rows that exist are updated', async () => {
    await createHostRows(store.database, { assetMode: false, defaultGroup: '' }).write([report('known')])
    const rows = createHostRows(store.database, { assetMode: true, defaultGroup: 'default' })
    const written = await rows.write([report('known', { ip: '10.9.9.9' }), report('stranger')])
    expect(written).toEqual({ inserted: 0, updated: 1, unchanged: 0, unknown: 1 })
    expect(await hosts()).toEqual([report('known', { ip: '10.9.9.9' })])
    expect(await members()).toEqual([])
  })

  test('a new host joins the default group once; who was taken out of it stays out', async () => {
    const rows = createHostRows(store.database, { assetMode: false, defaultGroup: 'default' })
    await rows.write([report('a'), report('b')])
    expect(await members()).toEqual(['a in 5', 'b in 5'])
    await store.database.kysely.deleteFrom('grp_host').execute()
    await rows.write([report('a', { ip: '10.0.0.3' }), report('c')])
    expect(await members()).toEqual(['c in 5'])
  })

  test('a default group that does not exist keeps no host from being written', async () => {
    const rows = createHostRows(store.database, { assetMode: false, defaultGroup: 'nowhere' })
    expect(await rows.write([report('a')])).toMatchObject({ inserted: 1 })
    expect(await members()).toEqual([])
  })
})
