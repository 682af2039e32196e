import type { AlarmEvent } from '#protocol'
import { mailText, shortText } from '../events/event-text.ts'
import { ruleOf } from '../events/rule-of.ts'

/** What one person is told of several events that belong together, as Open-Falcon words it. */
export interface MergedText {
  readonly subject: string
  readonly content: string
}

const headOf = (events: readonly AlarmEvent[]) => {
  const [first] = events
  if (!first) throw new Error('Cannot word a merged message: it has no events')
  const { priority, metric } = ruleOf(first)
  return { first, head: `[P${priority}][${first.status}] ${events.length} ${metric}` }
}

/** All bodies, one below the other. */
export function mergedMail(events: readonly AlarmEvent[], dashboard: string): MergedText {
  const { head } = headOf(events)
  return { subject: head, content: events.map((event) => mailText(event, dashboard)).join('\r\n') }
}

/** A line with a link to the rest. Falcon: the blank at its end stays. Without a dashboard there is no link. */
export function mergedLine(events: readonly AlarmEvent[], dashboard: string, path: string): MergedText {
  const { first, head } = headOf(events)
  const text =
    dashboard === ''
      ? `${head}.  e.g. ${first.endpoint}. detail in email`
      : `${head} e.g. ${first.endpoint} ${dashboard}/portal/links/${path} `
  return { subject: text, content: text }
}

/** What is behind the link. Falcon: the page splits at `,,`. */
export function linkedText(events: readonly AlarmEvent[]): string {
  return events.map(shortText).join(',,')
}
