/** The endpoint name: the configured one, else what the environment says, else the system's own. */
export function endpointName(configured: string, fromEnvironment: string | undefined, system: string): string {
  if (configured !== '') return configured
  return fromEnvironment === undefined || fromEnvironment === '' ? system : fromEnvironment
}
