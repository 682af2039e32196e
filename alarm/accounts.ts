import type { AccountSpec } from '#lib/ledger'

/** Alarm's ledger of counts: events from the queue until they are recorded. What becomes of notices stands in tables. */
export const alarmAccounts: readonly AccountSpec[] = [
  {
    name: 'alarm',
    items: 'events',
    in: ['events.taken'],
    out: ['events.recorded', 'events.repeated'],
    refused: ['events.malformed.*'],
  },
]
