import type { MetricName } from '#lib/metrics'

/** What the agent's counters are called at `/metrics`. */
export const metricNames: readonly MetricName[] = [
  ['received.<source>', 'received_samples', 'Samples by where they come from'],
  ['inherited', 'inherited_samples', 'Samples found in the spool at the start'],
  ['refused.<reason>', 'refused_samples', 'Samples of scripts that were refused, by reason'],
  ['ignored', 'ignored_samples', 'Samples of our own that are not to be sent'],
  ['delivered', 'delivered_samples', 'Samples that transfer acknowledged'],
  ['rejected', 'rejected_samples', 'Samples that transfer calls invalid'],
  ['dropped.<reason>', 'dropped_samples', 'Samples that were given up, by reason'],
  ['Waiting', 'waiting_samples', 'Samples in memory and on disk'],
  ['plugin.runs.<result>', 'plugin_runs', 'Runs of plugins'],
]
