import { goJson } from './go-encode.ts'
import type { Expression, Strategy } from './strategy.ts'

export type EventStatus = 'PROBLEM' | 'OK'

/** What judge puts on the list `event:p<priority>`. Exactly one of `strategy` and `expression` is set. */
export interface AlarmEvent {
  /** `s_<strategyId>_<md5>` or `e_<expressionId>_<md5>`, md5 of the series' primary key. */
  id: string
  strategy: Strategy | null
  expression: Expression | null
  status: EventStatus
  endpoint: string
  leftValue: number
  currentStep: number
  /** Unix seconds of the point that made the event. */
  eventTime: number
  pushedTags: Record<string, string>
}

/**
 * The event as Open-Falcon puts it on its queue, byte for byte, whatever order the members are in here.
 * @throws when `leftValue` is NaN or infinite. Falcon: such an event is never queued, though the state advances.
 */
export function formatEvent(event: AlarmEvent): string {
  const { id, strategy, expression, status, endpoint, leftValue, currentStep, eventTime, pushedTags } = event
  return goJson({
    id,
    strategy: strategy === null ? null : inStrategyOrder(strategy),
    expression: expression === null ? null : inExpressionOrder(expression),
    status,
    endpoint,
    leftValue,
    currentStep,
    eventTime,
    pushedTags,
  })
}

function inStrategyOrder(strategy: Strategy): Strategy {
  const { id, metric, tags, func, operator, rightValue, maxStep, priority, note, tpl } = strategy
  return { id, metric, tags, func, operator, rightValue, maxStep, priority, note, tpl: tpl && inTemplateOrder(tpl) }
}

function inTemplateOrder({ id, name, parentId, actionId, creator }: NonNullable<Strategy['tpl']>): Strategy['tpl'] {
  return { id, name, parentId, actionId, creator }
}

function inExpressionOrder(expression: Expression): Expression {
  const { id, metric, tags, func, operator, rightValue, maxStep, priority, note, actionId } = expression
  return { id, metric, tags, func, operator, rightValue, maxStep, priority, note, actionId }
}
