import type { LiveAgents } from '../agents/live-agents.ts'
import type { Snapshot } from '../portal/snapshot.ts'

/** What the methods work on. */
export interface HbsContext {
  readonly agents: LiveAgents
  /** @throws RpcRefusal with the reason while there is nothing to serve; the caller is answered with its message. */
  readonly snapshot: () => Snapshot
  /** Addresses that agents are to trust. */
  readonly trustable: () => readonly string[]
  /** Milliseconds. */
  readonly now: () => number
}
