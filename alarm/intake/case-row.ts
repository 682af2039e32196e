import type { Selectable } from 'kysely'
import type { EventCaseTable } from '#lib/sql'
import { formatTags } from '#protocol'
import type { AlarmEvent } from '#protocol'
import { goValue } from '../events/go-value.ts'
import { localTime } from '../events/local-time.ts'
import { ruleOf } from '../events/rule-of.ts'

export type CaseRow = Selectable<EventCaseTable>

/** How many characters the columns of every deployment hold; MySQL refuses longer texts, and the event with them. */
const widths = { endpoint: 100, metric: 200, func: 50, cond: 200, note: 500, tpl_creator: 64 } as const

/**
 * The row of `event_cases` after an event, as Open-Falcon's alarm leaves it. `before` is what it was; undefined when the
 * case is new. An event older than the newest of its case changes nothing: of several alarm processes one may be late.
 */
export function caseAfter(before: CaseRow | undefined, event: AlarmEvent): CaseRow {
  const time = localTime(event.eventTime)
  if (before?.update_at && before.update_at > time) return before
  const rule = ruleOf(event)
  const tags = formatTags(new Map(Object.entries(event.pushedTags)))
  const told = {
    func: clipped(rule.func, widths.func),
    cond: conditionOf(event),
    note: clipped(rule.note, widths.note),
    max_step: rule.maxStep,
    current_step: event.currentStep,
    priority: rule.priority,
    status: event.status,
    update_at: time,
    tpl_creator: clipped(rule.creator, widths.tpl_creator),
    expression_id: rule.expressionId,
    strategy_id: rule.strategyId,
    template_id: rule.templateId,
  }
  if (!before)
    return {
      id: event.id,
      endpoint: clipped(event.endpoint, widths.endpoint),
      metric: clipped(tags === '' ? rule.metric : `${rule.metric}/${tags}`, widths.metric),
      timestamp: time,
      closed_at: null,
      closed_note: null,
      user_modified: null,
      process_note: null,
      process_status: 'unresolved',
      ...told,
    }
  const reopened = before.process_status === 'resolved' || before.process_status === 'ignored'
  return {
    ...before,
    ...told,
    // Falcon: also an OK, whose step is 1, renews the start.
    timestamp: event.currentStep === 1 ? time : before.timestamp,
    ...(reopened ? { process_status: 'unresolved', process_note: 0 } : {}),
  }
}

/** `<left> <operator> <right>` */
export function conditionOf(event: AlarmEvent): string {
  const { operator, rightValue } = ruleOf(event)
  return clipped(`${goValue(event.leftValue)} ${operator} ${goValue(rightValue)}`, widths.cond)
}

/** Open-Falcon's columns take no character beyond U+FFFF. */
function clipped(text: string, width: number): string {
  return text.replaceAll(/[\u{10000}-\u{10FFFF}]/gu, '\u{FFFD}').slice(0, width)
}
