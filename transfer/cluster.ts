import { parseListen } from '#lib/config'
import type { Reading } from '#protocol'

/** One node of a ring. Several addresses mean that each of them gets everything the node owns. */
export interface ClusterNode {
  readonly name: string
  /** `host:port`, at least one. */
  readonly addresses: readonly string[]
}

/** Open-Falcon's `cluster` member: node name → `host:port`, or several separated by commas. */
export function parseCluster(cluster: Readonly<Record<string, string>>): Reading<ClusterNode[]> {
  const nodes: ClusterNode[] = []
  for (const [name, text] of Object.entries(cluster)) {
    const addresses = [...new Set(text.split(',').map((address) => address.trim()))]
    const bad = addresses.find((address) => !parseListen(address)?.host)
    if (bad !== undefined) return { ok: false, reason: `${name}: "${bad}" is not host:port` }
    nodes.push({ name, addresses })
  }
  return { ok: true, value: nodes }
}
