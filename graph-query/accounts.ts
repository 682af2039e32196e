import type { AccountSpec } from '#lib/ledger'

/** Graph's ledger: samples until the log has them. */
export const graphAccounts: readonly AccountSpec[] = [
  {
    name: 'graph-query',
    items: 'samples',
    in: ['GraphRpcRecvCnt'],
    out: ['StoredCnt'],
    refused: ['Refused.*'],
    returned: ['ReturnedCnt'],
    held: ['PendingCnt'],
  },
]
