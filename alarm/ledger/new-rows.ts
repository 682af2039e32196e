import { createHash, randomBytes } from 'node:crypto'
import type { Insertable } from 'kysely'
import type { Tables } from '#lib/sql'
import type { AlarmEvent } from '#protocol'
import { eventKey, ruleOf } from '../events/rule-of.ts'
import type { NoticeState } from './states.ts'

export type NewNotice = Insertable<Tables['falcon_notice']>
export type NewMessage = Insertable<Tables['falcon_message']>

/** Why somebody is told. `before` and `after`: around a callback. */
export type NoticeKind = 'event' | 'before' | 'after' | 'reminder' | 'escalation'

export interface NoticeFor {
  readonly kind: NoticeKind
  readonly event: AlarmEvent
  readonly person: string
  readonly channel: string
  readonly address: string
  readonly state: NoticeState
  readonly messageId?: string
  readonly mergeKey?: string
  /** Unix milliseconds. */
  readonly due: number
  readonly now: number
  /** Tells notices of one event, kind, person and channel apart: which reminder. */
  readonly turn?: number
}

/** A row of `falcon_notice`. Its key is the same whenever the same thing is planned again. */
export function noticeRow(notice: NoticeFor): NewNotice {
  const { kind, event, person, channel, address, state, messageId = '', mergeKey = '', due, now, turn = 0 } = notice
  const { metric, priority } = ruleOf(event)
  const key = eventKey(event)
  return {
    notice_key: md5([key, kind, channel, person, address, String(turn)]),
    kind,
    event_key: key,
    case_id: event.id,
    endpoint: event.endpoint.slice(0, 255),
    metric: metric.slice(0, 512),
    priority,
    status: event.status,
    event_time: event.eventTime,
    person,
    channel,
    address: address.slice(0, 255),
    state,
    merge_key: mergeKey,
    due,
    message_id: messageId,
    created: now,
  }
}

export function messageRow(message: {
  readonly id: string
  readonly kind: string
  readonly channel: string
  readonly receivers: readonly string[]
  readonly subject: string
  readonly content: string
  readonly eventKey?: string
  readonly mergeKey?: string
  readonly now: number
}): NewMessage {
  const { id, kind, channel, receivers, subject, content, eventKey: key = '', mergeKey = '', now } = message
  return {
    id,
    kind,
    channel,
    subject,
    content,
    receivers: JSON.stringify(receivers),
    event_key: key,
    merge_key: mergeKey,
    state: 'due',
    due: now,
    tries: 0,
    claim: '',
    claimed: 0,
    failure: '',
    created: now,
    finished: 0,
  }
}

/** Rising with time, so that rows stand on disk as they came; 32 characters. */
export function newMessageId(now: number): string {
  return now.toString(16).padStart(12, '0') + randomBytes(10).toString('hex')
}

/** Of parts that may hold any character. */
export function md5(parts: readonly string[]): string {
  return createHash('md5').update(JSON.stringify(parts)).digest('hex')
}
