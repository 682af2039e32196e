import { z } from 'zod'
import type { AlarmEvent, Reading } from '#protocol'

const int = z
  .int()
  .min(0)
  .max(2 ** 31 - 1)
/** Go writes `null` for a map that was never made. */
const tags = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {})
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '')

const ruleMembers = {
  id: int,
  metric: z.string().min(1),
  tags,
  func: z.string(),
  operator: z.string(),
  rightValue: z.number(),
  maxStep: int,
  priority: z.int().min(0).max(99),
  note: text,
}

const template = z.object({ id: int, name: text, parentId: int.default(0), actionId: int.default(0), creator: text })

const alarmEvent = z.object({
  // As wide as the column that every deployment has.
  id: z.string().min(1).max(50),
  strategy: z.object({ ...ruleMembers, tpl: template.nullish().transform((value) => value ?? null) }).nullish(),
  expression: z.object({ ...ruleMembers, actionId: int.default(0) }).nullish(),
  status: z.enum(['PROBLEM', 'OK']),
  endpoint: z.string().min(1),
  leftValue: z.number(),
  currentStep: int,
  eventTime: int.min(1),
  pushedTags: tags,
})

/**
 * Reads what was found on a list, as an Open-Falcon judge or ours put it there. A text that is no event is refused with the
 * member that is wrong: `json`, `id`, `rule` (neither strategy nor expression, or both), `eventTime`, …
 */
export function readEvent(found: string): Reading<AlarmEvent> {
  let raw: unknown
  try {
    raw = JSON.parse(found)
  } catch {
    return { ok: false, reason: 'json' }
  }
  const read = alarmEvent.safeParse(raw)
  if (!read.success) return { ok: false, reason: String(read.error.issues[0]?.path[0] ?? 'json') }
  const { strategy = null, expression = null } = read.data
  if ((strategy === null) === (expression === null)) return { ok: false, reason: 'rule' }
  return { ok: true, value: { ...read.data, strategy, expression } }
}
