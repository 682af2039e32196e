import { expect, test } from 'vitest'
import { createSnapshot } from './snapshot.ts'
import type { PortalTables, StrategyRow } from './tables.ts'

const noon = new Date(2026, 5, 1, 12, 0, 30)
const nowSeconds = Math.floor(noon.getTime() / 1000)

const strategy = (members: Partial<StrategyRow>): StrategyRow => ({
  id: 1,
  metric: 'cpu.idle',
  tags: '',
  func: 'all(#3)',
  op: '<',
  right_value: '10',
  max_step: 3,
  priority: 0,
  note: 'a <note> & more',
  run_begin: '',
  run_end: '',
  tpl_id: 1,
  ...members,
})

const portal = (members: Partial<PortalTables> = {}): PortalTables => ({
  host: [
    { id: 1, hostname: 'h1', maintain_begin: 0, maintain_end: 0 },
    { id: 2, hostname: 'h2', maintain_begin: 0, maintain_end: 0 },
  ],
  grp_host: [
    { grp_id: 1, host_id: 1 },
    { grp_id: 1, host_id: 1 },
    { grp_id: 1, host_id: 2 },
  ],
  tpl: [{ id: 1, tpl_name: 'base', parent_id: 0, action_id: 7, create_user: 'root' }],
  grp_tpl: [
    { grp_id: 1, tpl_id: 1 },
    { grp_id: 1, tpl_id: 1 },
  ],
  strategy: [strategy({})],
  expression: [],
  plugin_dir: [],
  ...members,
})

const idsByHost = (tables: PortalTables, at = noon) =>
  Object.fromEntries(
    createSnapshot(tables, at).hostStrategies.map(({ hostname, strategies }) => [
      hostname,
      strategies.map(({ id }) => id),
    ]),
  )

test('doubled bindings change nothing, and hosts of one group share their list', () => {
  const { hostStrategies } = createSnapshot(portal(), noon)
  expect(hostStrategies.map(({ hostname }) => hostname)).toEqual(['h1', 'h2'])
  expect(hostStrategies[0]?.strategies).toBe(hostStrategies[1]?.strategies)
  expect(hostStrategies[0]?.strategies).toEqual([
    {
      id: 1,
      metric: 'cpu.idle',
      tags: {},
      func: 'all(#3)',
      operator: '<',
      rightValue: 10,
      maxStep: 3,
      priority: 0,
      note: 'a <note> & more',
      tpl: { id: 1, name: 'base', parentId: 0, actionId: 7, creator: 'root' },
    },
  ])
})

test('a host in maintenance, both ends included, has no strategies but keeps its plugins and checks', () => {
  const during = (maintain_begin: number, maintain_end: number) => {
    const tables = portal({
      host: [{ id: 1, hostname: 'h1', maintain_begin, maintain_end }],
      strategy: [strategy({ metric: 'net.port.listen', tags: 'port=22' })],
      plugin_dir: [{ grp_id: 1, dir: 'sys' }],
    })
    const snapshot = createSnapshot(tables, noon)
    expect(snapshot.pluginsOf('h1')).toEqual(['sys'])
    expect(snapshot.builtinMetricsOf('h1').metrics).toEqual([{ Metric: 'net.port.listen', Tags: 'port=22' }])
    return snapshot.hostStrategies.length
  }
  expect(during(nowSeconds, nowSeconds + 60)).toBe(0)
  expect(during(nowSeconds - 60, nowSeconds)).toBe(0)
  expect(during(nowSeconds + 1, nowSeconds + 60)).toBe(1)
  expect(during(nowSeconds - 60, nowSeconds - 1)).toBe(1)
  expect(during(0, 0)).toBe(1)
})

test("while the child's strategy is outside of its window, the parent's is active again", () => {
  const tables = portal({
    tpl: [
      { id: 1, tpl_name: 'base', parent_id: 0, action_id: 1, create_user: '' },
      { id: 2, tpl_name: 'web', parent_id: 1, action_id: 2, create_user: '' },
    ],
    grp_tpl: [{ grp_id: 1, tpl_id: 2 }],
    strategy: [strategy({ id: 1 }), strategy({ id: 2, tpl_id: 2, run_begin: '09:00', run_end: '11:59' })],
  })
  expect(idsByHost(tables)['h1']).toEqual([1])
  expect(idsByHost(tables, new Date(2026, 5, 1, 11, 59, 59))['h1']).toEqual([2])
})

test('rows that cannot be used are left out and named, one by one', () => {
  const tables = portal({
    tpl: [
      { id: 1, tpl_name: 'base', parent_id: 0, action_id: 7, create_user: 'root' },
      { id: 2, tpl_name: 'a', parent_id: 3, action_id: 0, create_user: '' },
      { id: 3, tpl_name: 'b', parent_id: 2, action_id: 0, create_user: '' },
    ],
    strategy: [
      strategy({ id: 1 }),
      strategy({ id: 2, right_value: 'abc' }),
      strategy({ id: 3, right_value: 'Inf' }),
      strategy({ id: 4, tpl_id: 99 }),
      strategy({ id: 5, tags: 'a=1, b=2' }),
    ],
  })
  const snapshot = createSnapshot(tables, noon)
  expect(idsByHost(tables)['h1']).toEqual([1, 5])
  expect(snapshot.problems.map(({ table, id, skipped }) => `${table} ${id} ${skipped ? 'skipped' : 'kept'}`)).toEqual([
    'strategy 2 skipped',
    'strategy 3 skipped',
    'strategy 4 skipped',
    'strategy 5 kept',
    'tpl 2 skipped',
    'tpl 3 skipped',
  ])
  expect(snapshot.problems[0]?.reason).toBe('its right_value "abc" is no number')
})

test('plugins come sorted by bytes, each once; an unknown host has none', () => {
  const dirs = ['b', 'a', 'b', '\u{1f600}', '\uffee']
  const snapshot = createSnapshot(portal({ plugin_dir: dirs.map((dir) => ({ grp_id: 1, dir })) }), noon)
  expect(snapshot.pluginsOf('h1')).toEqual(['a', 'b', '\uffee', '\u{1f600}'])
  expect(snapshot.pluginsOf('unknown')).toEqual([])
  expect(snapshot.builtinMetricsOf('unknown')).toEqual({ metrics: [], checksum: '' })
})

test('the text for judges is what the hosts say, with the characters Go escapes', () => {
  const snapshot = createSnapshot(portal(), noon)
  expect(JSON.parse(snapshot.strategiesText())).toEqual({ hostStrategies: snapshot.hostStrategies })
  expect(snapshot.strategiesText()).toContain(String.raw`a \u003cnote\u003e \u0026 more`)
  expect(createSnapshot(portal({ host: [] }), noon).strategiesText()).toBe('{"hostStrategies":[]}')
})

test('ten thousand hosts of fifty groups, with twenty strategies each', () => {
  const hosts = 10_000
  const tables = portal({
    host: Array.from({ length: hosts }, (_, i) => ({ id: i, hostname: `h${i}`, maintain_begin: 0, maintain_end: 0 })),
    grp_host: Array.from({ length: hosts }, (_, i) => ({ grp_id: i % 50, host_id: i })),
    grp_tpl: Array.from({ length: 50 }, (_, i) => ({ grp_id: i, tpl_id: 1 })),
    strategy: Array.from({ length: 20 }, (_, i) => strategy({ id: i + 1 })),
  })
  const snapshot = createSnapshot(tables, noon)
  expect(snapshot.hostStrategies).toHaveLength(hosts)
  expect(new Set(snapshot.hostStrategies.map(({ strategies }) => strategies)).size).toBe(1)
  expect(snapshot.strategiesText().length).toBeGreaterThan(20_000_000)
})
