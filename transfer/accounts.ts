import type { AccountSpec } from '#lib/ledger'
import type { Destinations } from './destinations.ts'
import type { Orphans } from './orphans.ts'

/** Transfer's ledger: what agents sent, then what became of it at each address. */
export function transferAccounts(
  destinations: Pick<Destinations, 'list'>,
  orphans: Pick<Orphans, 'list'>,
): AccountSpec[] {
  return [
    {
      name: 'agents -> transfer',
      items: 'samples',
      in: ['RecvCnt', 'RejectedCnt'],
      out: ['AcknowledgedCnt'],
      refused: ['Rejected.*'],
      returned: ['ReturnedCnt - SocketLostCnt'],
      dropped: ['SocketLostCnt'],
      held: ['PendingCnt'],
    },
    ...destinations.list.map(({ ring, node, address }) =>
      destinationAccount(`transfer -> ${ring} ${node} ${address}`, `${ring}.${node}.${address}`),
    ),
    ...orphans.list.map(({ ring, folder, counterName }) =>
      destinationAccount(`removed ${folder} -> ${ring}`, counterName),
    ),
  ]
}

function destinationAccount(name: string, counter: string): AccountSpec {
  return {
    name,
    items: 'samples',
    in: [`${counter}.given`],
    inherited: `${counter}.inherited`,
    out: [`${counter}.delivered`],
    refused: [`${counter}.refused`],
    returned: [`${counter}.returned`],
    dropped: [`${counter}.dropped.*`],
    held: [`${counter}.queued`, `${counter}.inFlight`, `${counter}.spool.items`],
  }
}
