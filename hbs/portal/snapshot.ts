import { goJson } from '#protocol'
import type { Expression, HostStrategies, Strategy, TemplateRef } from '#protocol'
import { builtinMetrics } from './builtin-metrics.ts'
import type { BuiltinMetrics } from './builtin-metrics.ts'
import { activeExpressions } from './expressions.ts'
import { chainOf, inheritedStrategies } from './inheritance.ts'
import type { Inherited, SharedStrategy } from './inheritance.ts'
import type { Problem } from './problem.ts'
import { minuteText } from './run-window.ts'
import { activeStrategies, templateRefs } from './strategies.ts'
import type { HostRow, PortalTables } from './tables.ts'

/** What the portal tables mean at one moment. */
export interface Snapshot {
  /** Hosts under watch that have strategies. Hosts with the same templates share one list. */
  readonly hostStrategies: readonly HostStrategies[]
  /** Undefined stands for Open-Falcon's `null`: there are none. */
  readonly expressions: readonly Expression[] | undefined
  /** Every active strategy with its own template, before inheritance. */
  readonly strategies: readonly Strategy[]
  readonly templates: ReadonlyMap<number, TemplateRef>
  /** Those not in maintenance. */
  readonly monitoredHosts: readonly HostRow[]
  readonly hosts: number
  readonly problems: readonly Problem[]
  /** Strategies that reach a host by several chains, once for each set of templates. */
  readonly shared: readonly SharedStrategy[]
  /** Folders and scripts bound to the host's groups, sorted; empty for an unknown host. */
  readonly pluginsOf: (hostname: string) => string[]
  readonly builtinMetricsOf: (hostname: string) => BuiltinMetrics
  /** The answer of `Hbs.GetStrategies` as JSON, written when first asked for. */
  readonly strategiesText: () => string
}

/** Pure: rows and a moment in, answers out. Run windows are taken in the local time zone of this process. */
export function createSnapshot(tables: PortalTables, now: Date): Snapshot {
  const templates = templateRefs(tables.tpl)
  const { strategies, problems } = activeStrategies(tables.strategy, templates, minuteText(now))
  const { expressions, problems: badExpressions } = activeExpressions(tables.expression)
  const groupsOf = listsBy(
    tables.grp_host,
    (row) => row.host_id,
    (row) => row.grp_id,
  )
  const templatesOfGroup = listsBy(
    tables.grp_tpl,
    (row) => row.grp_id,
    (row) => row.tpl_id,
  )
  const pluginsOfGroup = listsBy(
    tables.plugin_dir,
    (row) => row.grp_id,
    (row) => row.dir,
  )
  const strategiesOf = listsBy(
    strategies,
    (strategy) => strategy.tpl?.id ?? 0,
    (strategy) => strategy,
  )
  const hostIds = new Map(tables.host.map((host) => [host.hostname, host.id]))

  const groups = (hostname: string) => groupsOf.get(hostIds.get(hostname) ?? 0) ?? []
  /** Each once and in order, so that the answer is the same whatever the order of rows. */
  const templateIds = (groupIds: readonly number[]) =>
    [...new Set(groupIds.flatMap((id) => templatesOfGroup.get(id) ?? []))].toSorted((a, b) => a - b)

  const inherited = remembered((ids: readonly number[]) => inheritedStrategies(templates, strategiesOf, ids))
  const builtin = remembered(builtinMetrics(tables.strategy, templates))
  const nowSeconds = Math.floor(now.getTime() / 1000)
  const monitoredHosts = tables.host.filter(
    (host) => host.maintain_begin > nowSeconds || host.maintain_end < nowSeconds,
  )

  const hostStrategies: HostStrategies[] = []
  const seen = new Set<Inherited>()
  for (const host of monitoredHosts) {
    const ids = templateIds(groupsOf.get(host.id) ?? [])
    if (ids.length === 0) continue
    const found = inherited(ids)
    seen.add(found)
    // The list is shared between hosts and never changed.
    if (found.strategies.length > 0)
      hostStrategies.push({ hostname: host.hostname, strategies: found.strategies as Strategy[] })
  }
  let text: string | undefined
  return {
    hostStrategies,
    expressions: expressions.length > 0 ? expressions : undefined,
    strategies,
    templates,
    monitoredHosts,
    hosts: tables.host.length,
    problems: [...problems, ...badExpressions, ...cycles(templates)],
    shared: [...seen].flatMap((found) => found.shared),
    pluginsOf: (hostname) =>
      [...new Set(groups(hostname).flatMap((id) => pluginsOfGroup.get(id) ?? []))].toSorted((a, b) =>
        Buffer.compare(Buffer.from(a), Buffer.from(b)),
      ),
    builtinMetricsOf: (hostname) => builtin(templateIds(groups(hostname))),
    strategiesText: () => (text ??= strategiesText(hostStrategies)),
  }
}

function cycles(templates: ReadonlyMap<number, TemplateRef>): Problem[] {
  return [...templates.keys()]
    .filter((id) => chainOf(templates, id) === undefined)
    .map((id) => ({
      table: 'tpl',
      id,
      reason: 'ten or more templates above each other, taken for a cycle',
      skipped: true,
    }))
}

/** As `goJson` writes it, each shared list of strategies only once. */
function strategiesText(hosts: readonly HostStrategies[]): string {
  const texts = new Map<readonly Strategy[], string>()
  const textOf = (strategies: readonly Strategy[]) => {
    const text = texts.get(strategies) ?? goJson(strategies)
    texts.set(strategies, text)
    return text
  }
  const list = hosts.map(
    ({ hostname, strategies }) => `{"hostname":${goJson(hostname)},"strategies":${textOf(strategies)}}`,
  )
  return `{"hostStrategies":[${list.join(',')}]}`
}

function listsBy<Row, Value>(
  rows: readonly Row[],
  key: (row: Row) => number,
  value: (row: Row) => Value,
): Map<number, Value[]> {
  const lists = new Map<number, Value[]>()
  for (const row of rows) {
    const list = lists.get(key(row))
    if (list) list.push(value(row))
    else lists.set(key(row), [value(row)])
  }
  return lists
}

/** Most hosts share their set of templates with many others. */
function remembered<T>(compute: (ids: readonly number[]) => T): (ids: readonly number[]) => T {
  const results = new Map<string, T>()
  return (ids) => {
    const key = ids.join()
    const known = results.get(key)
    if (known !== undefined) return known
    const result = compute(ids)
    results.set(key, result)
    return result
  }
}
