import { get } from 'node:http'
import { formatTable } from '#lib/table'
import { ledgerFromFiles } from './keeper.ts'
import type { LedgerReport } from './keeper.ts'
import { mergeReports } from './merge.ts'
import { readSince } from './page.ts'
import type { EndpointFigures } from './page.ts'
import { grouped, ledgerTable } from './table.ts'

/** Where a module's ledger may be had. */
export interface LedgerSource {
  readonly module: string
  /** `host:port` of its HTTP port. */
  readonly address?: string
  /** Of the files of its processes, for when it is down; only on this machine. */
  readonly dirs?: readonly string[]
}

type Answer = LedgerReport & { readonly endpoint?: EndpointFigures }

const answerWithinMs = 10_000

/** The ledger of several modules as text. `problem`: why there is none, or what is missing in it. */
export async function showLedger(options: {
  readonly sources: readonly LedgerSource[]
  readonly since: string
  readonly endpoint?: string | undefined
  readonly now: number
}): Promise<{ text: string; problem?: string }> {
  const { sources, since: text, endpoint, now } = options
  const since = readSince(text, now)
  if (since === undefined) return { text: '', problem: `--since must be like 30m, 1h, 7d or unix seconds, not ${text}` }
  const answers = await Promise.all(sources.map((source) => reportOf(source, since, endpoint)))
  const reports = answers.flatMap(({ report }) => report ?? [])
  const notes = answers.flatMap(({ note }) => note ?? [])
  const figures = endpoint === undefined ? '' : `\n${endpointTable(endpoint, reports)}`
  return {
    text: `since ${new Date(since).toISOString()}\n${[...notes, ledgerTable(reports)].join('\n')}\n${figures}`,
    ...(reports.length === 0 && { problem: 'no module answers, and there are no ledger files' }),
  }
}

async function reportOf(
  { module, address, dirs }: LedgerSource,
  since: number,
  endpoint: string | undefined,
): Promise<{ report?: Answer; note?: string }> {
  const asked = endpoint === undefined ? '' : `&endpoint=${encodeURIComponent(endpoint)}`
  let reason = 'it has no HTTP port'
  try {
    // Up to the next second: an earlier beginning would only begin with a snapshot that is older still.
    if (address !== undefined)
      return { report: await askFor(`http://${address}/ledger?since=${Math.floor(since / 1000)}${asked}`) }
  } catch (error) {
    reason = (error as Error).message
  }
  const report = dirs && mergeReports(dirs.map((dir) => ledgerFromFiles(module, dir, since)))
  if (report?.at === undefined)
    return { note: `${module} does not answer (${reason}), and there is no ledger of it here` }
  return { report, note: `${module} is down: its ledger is that of ${new Date(report.at).toISOString()}` }
}

function askFor(url: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, signal: AbortSignal.timeout(answerWithinMs) }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('error', reject)
      response.on('end', () => {
        try {
          if (response.statusCode !== 200) throw new Error(`it answers ${response.statusCode}`)
          resolve(JSON.parse(text) as Answer)
        } catch (error) {
          reject(error)
        }
      })
    })
    request.on('error', reject)
  })
}

/** What each module knows of one endpoint, side by side. */
function endpointTable(endpoint: string, reports: readonly Answer[]): string {
  const rows = reports.flatMap(({ module, endpoint: figures = {} }) =>
    Object.entries(figures).map(([what, value]) => [module, what, typeof value === 'number' ? grouped(value) : value]),
  )
  return rows.length === 0
    ? `no running module knows of ${endpoint}\n`
    : `${formatTable(['module', endpoint, ''], rows)}\n`
}
