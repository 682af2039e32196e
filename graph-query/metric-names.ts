import type { MetricName } from '#lib/metrics'

/** What graph-query's counters are called at `/metrics`. */
export const metricNames: readonly MetricName[] = [
  ['GraphRpcRecvCnt', 'received_samples', 'Samples that transfers sent'],
  ['StoredCnt', 'stored_samples', 'Samples that are in the log and acknowledged'],
  ['PendingCnt', 'pending_samples', 'Samples that are being written'],
  ['Refused.<reason>', 'refused_samples', 'Samples that cannot be stored, by reason'],
  ['ReturnedCnt', 'returned_samples', 'Samples whose senders keep them'],
  ['GraphQueryCnt', 'queried_series', 'Series answered'],
  ['GraphQueryItemCnt', 'queried_points', 'Points answered'],
  ['GraphLastCnt', 'queried_last_points', 'Last points answered'],
  ['QueryRefusedCnt', 'refused_queries', 'Callers without right'],
  ['NodeUnreachableCnt', 'unreachable_nodes', 'Nodes that did not answer a query'],
  ['ResyncTakenBytes', 'resync_taken_bytes', 'Bytes of its store that were copied from another copy of the node'],
  ['ResyncGivenBytes', 'resync_given_bytes', 'Bytes that other copies of the node copied from it'],
  ['ResyncOwnSamplesCnt', 'resync_own_samples', 'Samples of its own that were put to a copied store'],
  ['UpkeepFailed.<what>', 'upkeep_failures', 'Upkeep that failed'],
]
