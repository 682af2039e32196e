import { withoutSecrets } from '#lib/module'
import { parseCluster } from './cluster.ts'
import type { TransferConfig } from './config.ts'

/** The configuration as `/config` shows it: with Open-Falcon's `clusterList`, and secrets masked. */
export function publicConfig(config: TransferConfig): unknown {
  return withoutSecrets({
    ...config,
    judge: { ...config.judge, clusterList: clusterList(config.judge.cluster) },
    graph: { ...config.graph, clusterList: clusterList(config.graph.cluster) },
  })
}

function clusterList(cluster: Readonly<Record<string, string>>): Record<string, { addrs: readonly string[] }> {
  const nodes = parseCluster(cluster)
  return Object.fromEntries(nodes.ok ? nodes.value.map(({ name, addresses }) => [name, { addrs: addresses }]) : [])
}

/** Keys whose change counts at once. */
export const reloadable: readonly string[] = ['debug', 'minStep', 'trusted', 'token', 'http.pushFrom']
