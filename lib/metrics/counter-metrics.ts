import type { Counters } from '#lib/counters'
import type { MetricFamily } from './exposition.ts'

/**
 * What counters are called as metrics: the counter's name, in which `<reason>` stands for anything and becomes the label
 * `reason`; the metric's name without `falcon_<module>_` and `_total`; what it means.
 */
export type MetricName = readonly [counter: string, metric: string, help: string]

/** Counters that the libraries under every module keep. */
const common: readonly MetricName[] = [
  ['rpc.closed.<reason>', 'rpc_connections_closed', 'Connections that were closed for a reason of ours'],
  ['link.peers.<reason>', 'link_peers_lost', 'Peers of the link that were refused or failed'],
]

/**
 * A module's counters as metrics. The first name that fits counts; a counter that none fits is called by its own name in
 * small letters.
 */
export function counterMetrics(
  module: string,
  counters: Pick<Counters, 'list'>,
  names: readonly MetricName[],
): MetricFamily[] {
  const rules = [...names, ...common].map(([counter, metric, help]) => ({ pattern: patternOf(counter), metric, help }))
  const families = new Map<string, { -readonly [K in keyof MetricFamily]: MetricFamily[K] } & { series: Series[] }>()
  for (const { name, value, kind } of counters.list()) {
    const { metric, help, labels } = described(name, rules, module)
    const full = `falcon_${module.replaceAll('-', '_')}_${metric}${kind === 'count' ? '_total' : ''}`
    let family = families.get(full)
    if (!family) {
      family = { name: full, type: kind === 'count' ? 'counter' : 'gauge', help, series: [] }
      families.set(full, family)
    }
    family.series.push({ labels, value })
  }
  return [...families.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

type Series = MetricFamily['series'][number]

function described(
  counter: string,
  rules: readonly { pattern: RegExp; metric: string; help: string }[],
  module: string,
): { metric: string; help: string; labels: Record<string, string> } {
  for (const { pattern, metric, help } of rules) {
    const found = pattern.exec(counter)
    if (found) return { metric, help, labels: { ...found.groups } }
  }
  return { metric: snakeCase(counter), help: `Counter ${counter}, see the README of ${module}`, labels: {} }
}

function patternOf(counter: string): RegExp {
  const parts = counter.split(/<(\w+)>/)
  return new RegExp(`^${parts.map((part, i) => (i % 2 === 1 ? `(?<${part}>.+?)` : literal(part))).join('')}$`)
}

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}

/** `GraphRpcRecvCnt` → `graph_rpc_recv`, `store.headBytes` → `store_head_bytes` */
function snakeCase(counter: string): string {
  return counter
    .replace(/Cnt$/, '')
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[^A-Za-z0-9_]+/g, '_')
    .toLowerCase()
}
