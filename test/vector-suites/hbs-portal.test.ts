import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BuiltinMetricResponse, ExpressionsAnswer, HostStrategies, StrategiesAnswer } from '#protocol'
import { createSnapshot } from '../../hbs/portal/snapshot.ts'
import { loadPortalTables } from '../../hbs/portal/tables.ts'
import { loadVectors } from './load.ts'
import { openPortalStore } from '../services/index.ts'
import type { PortalRows, PortalStore } from '../services/index.ts'

interface PortalCase {
  now: number
  tables: PortalRows
  getStrategies: StrategiesAnswer
  getExpressions: ExpressionsAnswer
  builtinMetrics: Record<string, Pick<BuiltinMetricResponse, 'Metrics' | 'Checksum'>>
  minePlugins: Record<string, string[]>
  /** Strategies whose template depends on the order of rows, by host. */
  ambiguousTpl: Record<string, number[]>
  /** Hosts for which the original answers too much, depending on the order of rows. */
  orderDependentHosts?: string[]
}

const { cases } = loadVectors<{ cases: PortalCase[] }>('semantic/hbs-portal.json')

/** Hosts by name, strategies by id, and without the templates that nothing decides. */
function comparable({ hostStrategies }: { hostStrategies: readonly HostStrategies[] }, one: PortalCase) {
  const byName = hostStrategies.map(({ hostname, strategies }): [string, unknown[]] => {
    const ambiguous = new Set(one.ambiguousTpl[hostname])
    const sorted = strategies.toSorted((a, b) => a.id - b.id)
    return [hostname, sorted.map((strategy) => (ambiguous.has(strategy.id) ? { ...strategy, tpl: 'any' } : strategy))]
  })
  return new Map(byName.filter(([hostname]) => !one.orderDependentHosts?.includes(hostname)))
}

test('there are cases', () => expect(cases.length).toBeGreaterThan(0))

describe.each(['sqlite', 'mysql'] as const)('%s', (dialect) => {
  let store: PortalStore
  beforeAll(async () => {
    store = await openPortalStore(dialect)
  }, 120_000)
  afterAll(() => store.remove())

  test.each(cases.map((one, index) => ({ index, one })))('case $index', async ({ one }) => {
    await store.replace(one.tables)
    const snapshot = createSnapshot(await loadPortalTables(store.database), new Date(one.now * 1000))

    expect(comparable(snapshot, one)).toEqual(comparable(one.getStrategies, one))
    expect(JSON.parse(snapshot.strategiesText())).toEqual({ hostStrategies: snapshot.hostStrategies })
    for (const hostname of one.orderDependentHosts ?? []) {
      const ids = ({ hostStrategies }: { hostStrategies: readonly HostStrategies[] }) =>
        new Set(hostStrategies.find((host) => host.hostname === hostname)?.strategies.map(({ id }) => id))
      const recorded = ids(one.getStrategies)
      // A template bound twice keeps the original from dropping its chain in favour of a child's; ours is dropped.
      for (const id of ids(snapshot)) expect(recorded).toContain(id)
    }
    expect({ expressions: snapshot.expressions ?? null }).toEqual(one.getExpressions)
    for (const [hostname, recorded] of Object.entries(one.builtinMetrics)) {
      const { metrics, checksum } = snapshot.builtinMetricsOf(hostname)
      expect({ hostname, Metrics: metrics, Checksum: checksum }).toEqual({ hostname, ...recorded })
    }
    for (const [hostname, recorded] of Object.entries(one.minePlugins))
      expect({ hostname, plugins: snapshot.pluginsOf(hostname) }).toEqual({ hostname, plugins: recorded })
  })
})
