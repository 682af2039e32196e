import type { Reload } from '#lib/module'
import { parseCluster } from './cluster.ts'
import type { TransferConfig } from './config.ts'

const secret = /^(?:password|passwd|token|secret|sig)$/i

/** The configuration as `/config` shows it: with Open-Falcon's `clusterList`, and secrets masked. */
export function publicConfig(config: TransferConfig): unknown {
  return masked({
    ...config,
    judge: { ...config.judge, clusterList: clusterList(config.judge.cluster) },
    graph: { ...config.graph, clusterList: clusterList(config.graph.cluster) },
  })
}

function clusterList(cluster: Readonly<Record<string, string>>): Record<string, { addrs: readonly string[] }> {
  const nodes = parseCluster(cluster)
  return Object.fromEntries(nodes.ok ? nodes.value.map(({ name, addresses }) => [name, { addrs: addresses }]) : [])
}

function masked(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(masked)
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, secret.test(name) && member !== '' ? '***' : masked(member)]),
  )
}

/** Keys whose change counts at once. */
const reloadable = new Set(['debug', 'minStep', 'trusted', 'token', 'http.pushFrom'])

/** The keys that differ, dotted, parted by whether the running process can take them over. */
export function changedKeys(before: TransferConfig, after: TransferConfig): Reload {
  const old = leaves(before)
  const fresh = leaves(after)
  const changed = [...new Set([...old.keys(), ...fresh.keys()])].filter((key) => old.get(key) !== fresh.get(key))
  return {
    applied: changed.filter((key) => reloadable.has(key)),
    needsRestart: changed.filter((key) => !reloadable.has(key)),
  }
}

/** Dotted name → value as JSON, of everything that is no object. */
function leaves(value: unknown, prefix = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return new Map([[prefix, JSON.stringify(value) ?? 'undefined']])
  return new Map(
    Object.entries(value).flatMap(([name, member]) => [...leaves(member, prefix === '' ? name : `${prefix}.${name}`)]),
  )
}
