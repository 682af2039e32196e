import type { AccountSpec } from '#lib/ledger'

/** Judge's ledger: samples until they are judged, events until they are on the queue. */
export const judgeAccounts: readonly AccountSpec[] = [
  {
    name: 'judge',
    items: 'samples',
    in: ['received'],
    out: ['judged', 'late', 'stale', 'unmatched'],
    refused: ['refused'],
  },
  {
    name: 'judge -> alarm queue',
    items: 'events',
    in: ['events.made'],
    inherited: 'events.restored',
    out: ['events.queued'],
    held: ['events.waiting'],
  },
]
