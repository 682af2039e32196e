import type { AlarmEvent } from '#protocol'

/** What strategy and expression have in common, and 0 or '' for what the event's kind of rule has not. */
export interface EventRule {
  readonly metric: string
  readonly func: string
  readonly operator: string
  readonly rightValue: number
  readonly maxStep: number
  readonly priority: number
  readonly note: string
  readonly actionId: number
  readonly strategyId: number
  readonly expressionId: number
  readonly templateId: number
  readonly creator: string
}

export function ruleOf({ strategy, expression }: AlarmEvent): EventRule {
  const rule = strategy ?? expression
  if (!rule) throw new Error('Cannot read the rule of an event: it has neither strategy nor expression')
  const { metric, func, operator, rightValue, maxStep, priority, note } = rule
  const tpl = strategy?.tpl
  return {
    metric,
    func,
    operator,
    rightValue,
    maxStep,
    priority,
    note,
    actionId: tpl?.actionId ?? expression?.actionId ?? 0,
    strategyId: strategy?.id ?? 0,
    expressionId: expression?.id ?? 0,
    templateId: tpl?.id ?? 0,
    creator: tpl?.creator ?? '',
  }
}

/**
 * By which an event is known again when the queue hands it out twice, whatever bytes it came in: a judge makes one event of a
 * state and step from a point.
 */
export function eventKey({ id, status, currentStep, eventTime }: AlarmEvent): string {
  return `${id}/${status}/${currentStep}/${eventTime}`
}
