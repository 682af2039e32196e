import type { LedgerReport } from './keeper.ts'

const unitMs: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90s`, `30m`, `1h`, `7d` back from now, or unix seconds → unix milliseconds; undefined when it is neither. */
export function readSince(text: string, nowMs: number): number | undefined {
  const [, amount, unit] = /^(\d{1,10})([smhd]?)$/.exec(text) ?? []
  if (amount === undefined) return undefined
  return unit === undefined || unit === '' ? Number(amount) * 1000 : nowMs - Number(amount) * (unitMs[unit] ?? 0)
}

/** What a module can tell of one endpoint since a moment (unix milliseconds): names and figures. */
export type EndpointFigures = Readonly<Record<string, number | string>>

/** The page at `/ledger?since=1h`; with `&endpoint=X` also what `ofEndpoint` knows of it. */
export function ledgerPage(
  keeper: { report(since: number): Promise<LedgerReport> | LedgerReport },
  now: () => number,
  ofEndpoint?: (endpoint: string, since: number) => Promise<EndpointFigures> | EndpointFigures,
): (query: URLSearchParams) => Promise<{ contentType: string; body: string; status?: number }> {
  const json = (value: unknown, status = 200) => ({
    contentType: 'application/json; charset=utf-8',
    body: `${JSON.stringify(value)}\n`,
    status,
  })
  return async (query) => {
    const text = query.get('since') ?? '1h'
    const since = readSince(text, now())
    if (since === undefined) return json({ error: `since must be like 30m, 1h, 7d or unix seconds, not ${text}` }, 400)
    const endpoint = query.get('endpoint')
    const report = await keeper.report(since)
    if (endpoint === null || ofEndpoint === undefined) return json(report)
    return json({ ...report, endpoint: await ofEndpoint(endpoint, since) })
  }
}
