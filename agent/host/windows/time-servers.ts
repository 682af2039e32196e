import type { RegistryCalls } from './win32.ts'

const parameters = 'SYSTEM\\CurrentControlSet\\Services\\W32Time\\Parameters'

/** Those that the time service of Windows is configured to follow by name. */
export function readTimeServers(registry: Pick<RegistryCalls, 'registryText'>): string[] {
  // NT5DS is to follow the domain; AllSync is both.
  const follows = registry.registryText(parameters, 'Type')
  if (follows !== 'NTP' && follows !== 'AllSync') return []
  return parseTimeServers(registry.registryText(parameters, 'NtpServer') ?? '')
}

/** `time.windows.com,0x9 ntp.example,0x1` → names without flags. */
export function parseTimeServers(text: string): string[] {
  return text
    .split(/\s+/)
    .map((server) => server.split(',')[0] ?? '')
    .filter((server) => server !== '')
}
