/** Keys of the configuration whose change counts at once; the others are looked at when the agent starts. */
export const reloadable: readonly string[] = [
  'debug',
  'hostname',
  'ip',
  'plugin',
  'http.backdoor',
  'http.pushFrom',
  'http.bodyMegabytes',
  'http.runSeconds',
  'http.runKilobytes',
  'checks',
  'default_tags',
  'ignore',
  'trusted',
  'token',
  'selfMetrics',
]
