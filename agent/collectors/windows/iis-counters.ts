/** A performance counter and the metric that its value is sent as. */
export interface CounterMetric {
  /** As English Windows writes it. */
  readonly counter: string
  readonly metric: string
  readonly unit: string
  readonly meaning: string
}

const row = (metric: string, counter: string, unit: string, meaning: string): CounterMetric => ({
  metric: `iis.${metric}`,
  counter,
  unit,
  meaning,
})

/** Falcon: IIS and ASP.NET as Windows-Agent sends them, in its spelling. */
export const iisCounters: readonly CounterMetric[] = [
  row(
    'asp.net.application.restarts',
    '\\ASP.NET\\Application Restarts',
    'restarts',
    'of applications since IIS started',
  ),
  row(
    'asp.net.worker_process_restarts',
    '\\ASP.NET\\Worker Process Restarts',
    'restarts',
    'of worker processes since IIS started',
  ),
  row('asp.net.requests.current', '\\ASP.NET\\Requests Current', 'requests', 'being worked on, queued or answered'),
  row('asp.net.request_queued', '\\ASP.NET\\Requests Queued', 'requests', 'waiting to be worked on'),
  row('asp.net.request_execution_time', '\\ASP.NET\\Request Execution Time', 'ms', 'of the last request'),
  row('asp.net.request_wait_time', '\\ASP.NET\\Request Wait Time', 'ms', 'in the queue, of the last request'),
  row(
    'asp.net.applications.total.rps',
    '\\ASP.NET Applications(__Total__)\\Requests/Sec',
    '1/s',
    'requests of all applications',
  ),
  row(
    'asp.net.applications.total.errors',
    '\\ASP.NET Applications(__Total__)\\Errors Total',
    'errors',
    'of all applications since they started',
  ),
  row('web_service.current_connections', '\\Web Service(_Total)\\Current Connections', 'connections', 'open'),
  row(
    'web_service.current_anonymous_users',
    '\\Web Service(_Total)\\Current Anonymous Users',
    'users',
    'with a request now, without a name',
  ),
  row(
    'web_service.total.current_nonanonymous_users',
    '\\Web Service(_Total)\\Current NonAnonymous Users',
    'users',
    'with a request now, signed in',
  ),
  row(
    'web_service.total_get_reqeusts',
    '\\Web Service(_Total)\\Total Get Requests',
    'requests',
    'GET since the service started',
  ),
  row(
    'web_service.total.total_head_requests',
    '\\Web Service(_Total)\\Total Head Requests',
    'requests',
    'HEAD since the service started',
  ),
  row(
    'web_service.total_post_requests',
    '\\Web Service(_Total)\\Total Post Requests',
    'requests',
    'POST since the service started',
  ),
]
