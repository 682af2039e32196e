import type { MetricName } from '#lib/metrics'

/** What judge's counters are called at `/metrics`. */
export const metricNames: readonly MetricName[] = [
  ['received', 'received_samples', 'Samples of acknowledged batches'],
  ['judged', 'judged_samples', 'Samples that were judged'],
  ['late', 'late_samples', 'Samples too old to open an alarm'],
  ['stale', 'stale_samples', 'Samples not newer than the newest of their series'],
  ['unmatched', 'unmatched_samples', 'Samples that no rule wants'],
  ['refused', 'refused_samples', 'Samples without usable name or time'],
  ['batches.rejected', 'returned_batches', 'Batches that transfer is asked to keep'],
  ['events.<what>', 'events', 'Events by what became of them'],
  ['queue.failures', 'queue_failures', 'Pushes that found the event queue away'],
  ['Waiting', 'waiting_events', 'Events that are not on the queue yet'],
  ['series', 'series', 'Series that are kept'],
  ['rules', 'rules', 'Rules in force'],
  ['rules.ageSeconds', 'rules_age_seconds', 'Since the rules were last pulled; -1 before the first time'],
]
