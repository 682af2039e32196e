/**
 * Metrics that an agent only collects when a strategy or its own configuration asks for them. hbs hands out the
 * strategies on these (`Agent.BuiltinMetrics`); agents that do not know one pass over it.
 */
export const checkMetrics: readonly string[] = [
  // Falcon: all that Open-Falcon's agent knows.
  'net.port.listen',
  'proc.num',
  'du.bs',
  'url.check.health',
  'proc.cpu',
  'proc.mem',
  'proc.fd',
  'proc.threads',
  'service.state',
  'ping.loss',
  'ping.min',
  'ping.avg',
  'ping.max',
  'tcp.connect',
  'tcp.latency',
  'http.ok',
  'http.status',
  'http.latency',
  'http.cert.days',
  'dns.ok',
  'dns.latency',
  'dns.answers',
  'file.count',
  'file.size',
  'file.age.newest',
  'file.age.oldest',
  'log.count',
  'log.behind',
]
