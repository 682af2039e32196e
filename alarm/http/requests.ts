import type { Reading } from '#protocol'
import type { NoticeFilter } from '../ledger/queries.ts'

/** A query's members that are given once. */
export function readWords(query: unknown): Partial<Record<string, string>> & {
  readonly state?: string
  readonly channel?: string
  readonly limit?: string
  readonly to?: string
} {
  return Object.fromEntries(
    Object.entries(query as Record<string, unknown>).filter(([, value]) => typeof value === 'string' && value !== ''),
  ) as Record<string, string>
}

const unitMs: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `case, person, channel, state, endpoint` as they are; `since` and `until` as `30m`, `2h`, `7d` back from now, or unix seconds; `limit` up to 1000. */
export function readNoticeFilter(query: unknown, now: number): Reading<NoticeFilter> {
  const words = readWords(query) as Partial<Record<string, string>>
  const [since, until] = [readTime(words['since'], now), readTime(words['until'], now)]
  if (since === null || until === null)
    return { ok: false, reason: 'since and until must be like 30m, 2h, 7d or unix seconds' }
  const limit = Number(words['limit'] ?? 100)
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) return { ok: false, reason: 'limit must be 1 to 1000' }
  const { case: id, person, channel, state, endpoint } = words
  return { ok: true, value: { case: id, person, channel, state, endpoint, since, until, limit } }
}

/** Unix milliseconds; undefined when not given, null when it is no time. */
function readTime(text: string | undefined, now: number): number | undefined | null {
  if (text === undefined) return undefined
  const [, amount, unit] = /^(\d{1,12})([smhd]?)$/.exec(text) ?? []
  if (amount === undefined) return null
  return unit === undefined || unit === '' ? Number(amount) * 1000 : now - Number(amount) * (unitMs[unit] ?? 0)
}
