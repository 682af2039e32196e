import { formatTags, readableFloat } from '#protocol'
import type { AlarmEvent } from '#protocol'
import { localTime } from './local-time.ts'
import { ruleOf } from './rule-of.ts'

const tagsOf = ({ pushedTags }: AlarmEvent) => formatTags(new Map(Object.entries(pushedTags)))

/** What Open-Falcon sends as SMS, as instant message and as the subject of a mail. Falcon: the empty brackets stay, scripts parse them. */
export function shortText(event: AlarmEvent): string {
  const { priority, note, func, metric, operator, rightValue } = ruleOf(event)
  const condition = `${readableFloat(event.leftValue)}${operator}${readableFloat(rightValue)}`
  const what = `${note} ${func} ${metric} ${tagsOf(event)} ${condition}`
  return `[P${priority}][${event.status}][${event.endpoint}][][${what}][O${event.currentStep} ${localTime(event.eventTime)}]`
}

/** The body of Open-Falcon's mail. `dashboard` is the URL of the old web pages, without a slash at its end. */
export function mailText(event: AlarmEvent, dashboard: string): string {
  const { priority, note, func, metric, operator, rightValue, maxStep } = ruleOf(event)
  const lines = [
    event.status,
    `P${priority}`,
    `Endpoint:${event.endpoint}`,
    `Metric:${metric}`,
    `Tags:${tagsOf(event)}`,
    `${func}: ${readableFloat(event.leftValue)}${operator}${readableFloat(rightValue)}`,
    `Note:${note}`,
    `Max:${maxStep}, Current:${event.currentStep}`,
    `Timestamp:${localTime(event.eventTime)}`,
    ruleLink(event, dashboard),
  ]
  return lines.map((line) => `${line}\r\n`).join('')
}

/** The page of the event's template or expression; empty when it has neither. */
export function ruleLink(event: AlarmEvent, dashboard: string): string {
  const { templateId, expressionId } = ruleOf(event)
  if (templateId !== 0) return `${dashboard}/portal/template/view/${templateId}`
  return expressionId === 0 ? '' : `${dashboard}/portal/expression/view/${expressionId}`
}
