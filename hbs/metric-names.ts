import type { MetricName } from '#lib/metrics'

/** What hbs' counters are called at `/metrics`. */
export const metricNames: readonly MetricName[] = [
  ['agents.reports', 'agent_reports', 'Reports of agents'],
  ['agents.refused.<reason>', 'agent_reports_refused', 'Reports that were refused, by reason'],
  ['agents.alive', 'agents_alive', 'Agents heard of in the last 24 hours'],
  ['agents.duplicates', 'agent_names_shared', 'Names under which several agents report'],
  ['agents.healthRefused', 'agent_health_refused', 'Reports whose Health could not be read or was too long'],
  ['hosts.waiting', 'host_rows_waiting', 'Host rows that are not written yet'],
  ['hosts.<what>', 'host_rows', 'Host rows by what became of them'],
  ['snapshot.read', 'snapshot_reads', 'Readings of the portal tables'],
  ['snapshot.failed', 'snapshot_failures', 'Readings of the portal tables that failed'],
  ['snapshot.ageSeconds', 'snapshot_age_seconds', 'Since the last good reading; -1 before the first'],
]
