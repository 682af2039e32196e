import type { AccountSpec } from '#lib/ledger'

/** The agent's ledger: samples until transfer has them. */
export const agentAccounts: readonly AccountSpec[] = [
  {
    name: 'agent -> transfer',
    items: 'samples',
    in: ['received.*'],
    inherited: 'inherited',
    out: ['delivered', 'ignored'],
    refused: ['refused.*', 'rejected'],
    dropped: ['dropped.*'],
    held: ['Waiting'],
    // Our own samples: nobody else has them.
    memoryBelongsTo: 'nobody',
  },
]
