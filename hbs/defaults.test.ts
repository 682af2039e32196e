import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sql } from 'kysely'
import { openPortalStore } from '../test/services/index.ts'
import type { PortalStore } from '../test/services/index.ts'
import { createHostRows } from './agents/host-rows.ts'
import { seedDefaults } from './defaults.ts'
import { createSnapshot } from './portal/snapshot.ts'
import { loadPortalTables } from './portal/tables.ts'

describe.each(['sqlite', 'mysql'] as const)('%s', (dialect) => {
  let store: PortalStore
  beforeAll(async () => {
    store = await openPortalStore(dialect)
  }, 120_000)
  afterAll(() => store.remove())
  beforeEach(async () => {
    await store.replace({})
    await store.database.kysely.deleteFrom('action').execute()
    await store.database.kysely.deleteFrom('falcon_seed').execute()
  })
  const seed = (group = 'default') => seedDefaults(store.database.kysely, group, 1_700_000_000)
  const snapshot = async () => createSnapshot(await loadPortalTables(store.database), new Date())

  test('an empty database gets a template that judges a host as soon as it registers', async () => {
    expect(await seed()).toBe(true)
    await createHostRows(store.database, { assetMode: false, defaultGroup: 'default' }).write([
      { hostname: 'h1', ip: '', agent_version: '', plugin_version: '' },
    ])
    const { hostStrategies, problems } = await snapshot()
    expect(problems).toEqual([])
    const [host] = hostStrategies
    expect(host?.hostname).toBe('h1')
    expect(new Set(host?.strategies.map(({ metric }) => metric))).toEqual(
      new Set([
        'agent.alive',
        'cpu.idle',
        'cpu.iowait',
        'load.1min',
        'mem.memfree.percent',
        'df.bytes.free.percent',
        'df.inodes.free.percent',
      ]),
    )
    // Somebody is named to hear of it, so judge's events are not passed over by alarm.
    const { tpl } = host?.strategies[0] ?? {}
    expect(tpl).toMatchObject({ name: 'linux-default' })
    const action = await sql<{ uic: string }>`select uic from action where id = ${tpl?.actionId}`.execute(
      store.database.kysely,
    )
    expect(action.rows).toEqual([{ uic: 'ops' }])
  })

  test('it happens once: what somebody deleted does not come back', async () => {
    await seed()
    await store.replace({})
    expect(await seed()).toBe(false)
    expect((await snapshot()).templates.size).toBe(0)
  })

  test("somebody's own templates are not added to", async () => {
    await store.replace({ tpl: [{ id: 3, tpl_name: 'mine' }] })
    expect(await seed()).toBe(false)
    expect([...(await snapshot()).templates.values()].map(({ name }) => name)).toEqual(['mine'])
  })

  test('a group that is there already is bound, one that is not is made under the configured name', async () => {
    await store.replace({ grp: [{ id: 9, grp_name: 'all-hosts' }] })
    await seed('all-hosts')
    const bound = await store.database.kysely.selectFrom('grp_tpl').select('grp_id').execute()
    expect(bound).toEqual([{ grp_id: 9 }])
    expect(await store.database.kysely.selectFrom('grp').select('grp_name').execute()).toEqual([
      { grp_name: 'all-hosts' },
    ])
  })
})
