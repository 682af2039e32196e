import type { MetricName } from '#lib/metrics'

/** What alarm's counters are called at `/metrics`. */
export const metricNames: readonly MetricName[] = [
  [
    'events.malformed.<reason>',
    'malformed_events',
    'Texts on the queue that are no events, by what is wrong with them',
  ],
  ['events.<what>', 'events', 'Events by what became of them'],
  ['untold.<reason>', 'untold_events', 'Recorded events that nobody is told of, by reason'],
  ['delivery.<channel>.<what>', 'messages', 'Attempts to deliver messages by channel and what came of them'],
  ['intake.failures', 'intake_failures', 'Batches of events that could not be taken or recorded'],
  ['ledger.failures', 'ledger_failures', 'Outcomes of messages that could not be written at once'],
  ['directory.read', 'directory_reads', 'Readings of actions, teams and people'],
  ['directory.failed', 'directory_failures', 'Readings of actions, teams and people that failed'],
  ['directory.ageSeconds', 'directory_age_seconds', 'Since the last good reading; -1 before the first'],
  ['merging.failures', 'merging_failures', 'Rounds of merging that failed'],
  ['retention.failures', 'retention_failures', 'Rounds of deleting what is old that failed'],
]
