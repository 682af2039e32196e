import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { BuiltinMetric } from '#protocol'
import type { Logger } from '#lib/log'

/** What hbs last told this host. */
export interface Orders {
  readonly plugins: readonly string[]
  readonly metrics: readonly BuiltinMetric[]
  readonly trustable: readonly string[]
}

export const noOrders: Orders = { plugins: [], metrics: [], trustable: [] }

/** The orders of the last run of the agent, so that it goes on working when hbs is away at its start. */
export function loadOrders(file: string, log: Logger): Orders {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.warn({ file, err: error }, 'cannot read the last orders')
    return noOrders
  }
  try {
    const raw = JSON.parse(text) as Record<string, unknown>
    return {
      plugins: readTexts(raw['plugins']) ?? [],
      metrics: readBuiltinMetrics(raw['metrics']) ?? [],
      trustable: readTexts(raw['trustable']) ?? [],
    }
  } catch (error) {
    log.warn({ file, err: error }, 'the last orders are not JSON, waiting for new ones')
    return noOrders
  }
}

/** Replaces the file as a whole. A disk that refuses costs only the memory of it, and is logged. */
export function saveOrders(file: string, orders: Orders, log: Logger): void {
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(`${file}.new`, JSON.stringify(orders))
    renameSync(`${file}.new`, file)
  } catch (error) {
    log.warn({ file, err: error }, 'cannot save the orders of hbs')
  }
}

/** Undefined when it is not an array of texts; null is an empty one. */
export function readTexts(raw: unknown): string[] | undefined {
  if (raw === null || raw === undefined) return []
  return Array.isArray(raw) && raw.every((text) => typeof text === 'string') ? raw : undefined
}

/** Undefined when it is not an array of `{Metric, Tags}`; null is an empty one. */
export function readBuiltinMetrics(raw: unknown): BuiltinMetric[] | undefined {
  if (raw === null || raw === undefined) return []
  if (!Array.isArray(raw) || !raw.every(isBuiltinMetric)) return undefined
  return raw.map(({ Metric, Tags }) => ({ Metric, Tags }))
}

function isBuiltinMetric(raw: unknown): raw is BuiltinMetric {
  if (typeof raw !== 'object' || raw === null) return false
  const { Metric, Tags } = raw as Partial<Record<keyof BuiltinMetric, unknown>>
  return typeof Metric === 'string' && typeof Tags === 'string'
}
