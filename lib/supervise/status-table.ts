import { get } from 'node:http'
import { formatTable } from '#lib/table'
import type { ModuleStatus } from './supervisor.ts'

/** What runs, for a terminal: a line a module. `httpPortOf` tells where a module's counters are. */
export async function statusTable(
  statuses: readonly ModuleStatus[],
  httpPortOf: (name: string) => number | undefined,
): Promise<string> {
  const rows = await Promise.all(statuses.map((status) => statusRow(status, httpPortOf(status.name))))
  const table = formatTable(['module', 'state', 'pid', 'uptime', 'memory', 'ports', 'waiting', 'restarts'], rows)
  const busy = statuses.flatMap(({ name, busy: what }) => (what === undefined ? [] : [`${name} is ${what}`]))
  return busy.length === 0 ? table : [table, '', ...busy].join('\n')
}

async function statusRow(status: ModuleStatus, httpPort: number | undefined): Promise<string[]> {
  const state =
    status.state === 'running' && !status.healthy
      ? status.busy === undefined
        ? 'unhealthy'
        : 'starting'
      : status.state
  return [
    status.name,
    state,
    status.pid === undefined ? '-' : String(status.pid),
    status.uptimeSeconds === undefined ? '-' : duration(status.uptimeSeconds),
    status.residentBytes === undefined ? '-' : `${Math.round(status.residentBytes / 2 ** 20)} MB`,
    status.ports.join(' ') || '-',
    status.healthy ? await waitingItems(httpPort) : '-',
    String(status.restarts),
  ]
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

/** Samples or events that a module holds because the next one has not taken them yet: its counter `Waiting`. */
async function waitingItems(httpPort: number | undefined): Promise<string> {
  if (httpPort === undefined) return '-'
  try {
    const answer = JSON.parse(await fetchText(httpPort, '/counter/all')) as unknown
    // graph's old answer is a bare array, the others wrap it.
    const rows = (Array.isArray(answer) ? answer : (answer as { data?: unknown }).data) as {
      Name: string
      Cnt: number
    }[]
    const row = rows.find((one) => one.Name === 'Waiting')
    return row ? String(row.Cnt) : '-'
  } catch {
    return '-' // It is just being stopped; the state column says so.
  }
}

function fetchText(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path, timeout: 2000, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve(text))
    })
    request.on('timeout', () => request.destroy(new Error('timeout')))
    request.on('error', reject)
  })
}
