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
