import type { AlarmEvent } from '#protocol'
import { addressIn, takes } from '../channels.ts'
import type { Channel } from '../channels.ts'
import { mailText, shortText } from '../events/event-text.ts'
import { eventKey, ruleOf } from '../events/rule-of.ts'
import { md5, messageRow, newMessageId, noticeRow } from '../ledger/new-rows.ts'
import type { NewMessage, NewNotice, NoticeKind } from '../ledger/new-rows.ts'
import type { NoticeState } from '../ledger/states.ts'
import type { Action, Directory, Person } from '../people/directory.ts'

export interface Planning {
  readonly channels: readonly Channel[]
  readonly dashboard: string
  readonly callback: boolean
  readonly merge: { readonly waitSeconds: number; readonly by: readonly string[] }
}

export interface Plan {
  readonly notices: NewNotice[]
  readonly messages: NewMessage[]
  /** Why nobody is told, when nobody is. */
  readonly nobody?: 'no action' | 'unknown action' | 'no team' | 'no channel'
}

/** An event, and what is known about who may be told of it. */
export interface ToPlan {
  readonly event: AlarmEvent
  /** From a list whose events are told at once. */
  readonly urgent: boolean
  readonly directory: Directory
  /** Nobody is to be told of it: the reason, as the state of its notices. */
  readonly held?: 'silenced' | 'acknowledged' | undefined
  readonly now: number
}

/** Who is told of an event, where, and when: as Open-Falcon's alarm decides it. */
export function planEvent(planning: Planning, toPlan: ToPlan): Plan {
  const { event, directory, held } = toPlan
  const { actionId } = ruleOf(event)
  if (actionId <= 0) return { notices: [], messages: [], nobody: 'no action' }
  const action = directory.action(actionId)
  if (!action) return { notices: [], messages: [], nobody: 'unknown action' }
  const notices: NewNotice[] = []
  const messages: NewMessage[] = []
  const add = (some: Planned) => {
    notices.push(...some.notices)
    messages.push(...some.messages)
  }
  if (action.callback === 1 && planning.callback && held === undefined) {
    add(planAround('before', planning, toPlan, action, shortText(event)))
    messages.push(callbackMessage(event, action, toPlan.now))
  }
  if (action.uic.trim() !== '')
    for (const channel of planning.channels) add(planChannel(channel, planning, toPlan, action))
  if (notices.length > 0 || messages.length > 0) return { notices, messages }
  return { notices, messages, nobody: action.uic.trim() === '' ? 'no team' : 'no channel' }
}

interface Planned {
  readonly notices: NewNotice[]
  readonly messages: NewMessage[]
}

const teamsOf = (action: Action) => action.uic.split(',').map((team) => team.trim())

function planChannel(channel: Channel, planning: Planning, toPlan: ToPlan, action: Action): Planned {
  const { event, directory, urgent, held, now } = toPlan
  const { priority } = ruleOf(event)
  if (!takes(channel, priority, teamsOf(action))) return { notices: [], messages: [] }
  const people = peopleOf(channel, directory.members(action.uic))
  if (held !== undefined) return { notices: people.map((one) => notice(one, held)), messages: [] }
  const reached = people.filter(isReached)
  const missed = people.filter((one) => !isReached(one)).map((one) => notice(one, 'unaddressed'))
  if (urgent) {
    const planned = planMessages({
      kind: 'event',
      channel,
      event,
      people: reached,
      now,
      ...textsOf(channel, event, planning),
    })
    return { notices: [...planned.notices, ...missed], messages: planned.messages }
  }
  const due = now + planning.merge.waitSeconds * 1000
  const waiting = reached.map((one) =>
    noticeRow({
      kind: 'event' as const,
      event,
      channel: channel.name,
      ...one,
      due,
      now,
      state: 'waiting',
      mergeKey: md5([
        channel.name,
        one.person,
        one.address,
        ...planning.merge.by.map((label) => labelOf(event, label)),
      ]),
    }),
  )
  return { notices: [...waiting, ...missed], messages: [] }

  function isReached(one: Reached): boolean {
    return channel.address === 'room' || one.address !== ''
  }
  function notice(one: Reached, state: NoticeState): NewNotice {
    return noticeRow({ kind: 'event', event, channel: channel.name, ...one, state, due: now, now })
  }
}

/** Open-Falcon's notices before and after a callback go to sms and im, or to mail, whatever the priority. */
export function planAround(
  kind: 'before' | 'after',
  planning: Pick<Planning, 'channels' | 'dashboard'>,
  { event, directory, now }: Pick<ToPlan, 'event' | 'directory' | 'now'>,
  action: Action,
  subject: string,
): Planned {
  const bySms = action[`${kind}_callback_sms`] === 1
  const byMail = action[`${kind}_callback_mail`] === 1
  const members = directory.members(action.uic)
  const planned: Planned = { notices: [], messages: [] }
  for (const channel of planning.channels) {
    const wanted = channel.name === 'mail' ? byMail : bySms && (channel.name === 'sms' || channel.name === 'im')
    if (!wanted) continue
    const people = peopleOf(channel, members).filter((one) => one.address !== '' || channel.address === 'room')
    const content = kind === 'after' || channel.text === 'short' ? subject : mailText(event, planning.dashboard)
    const some = planMessages({ kind, channel, event, people, now, subject, content })
    planned.notices.push(...some.notices)
    planned.messages.push(...some.messages)
  }
  return planned
}

interface Reached {
  /** Empty for a room. */
  readonly person: string
  readonly address: string
}

function peopleOf(channel: Channel, members: readonly Person[]): Reached[] {
  if (channel.address === 'room') return [{ person: '', address: '' }]
  return members.map((person) => ({ person: person.name, address: addressIn(channel, person) }))
}

/** One message for all, or one for each, with the notices that are told by it. */
export function planMessages(plan: {
  readonly kind: NoticeKind
  readonly channel: Channel
  readonly event: AlarmEvent
  readonly people: readonly Reached[]
  readonly subject: string
  readonly content: string
  readonly now: number
  readonly turn?: number
}): Planned {
  const { kind, channel, event, people, subject, content, now, turn = 0 } = plan
  const groups = channel.joint ? [people] : people.map((one) => [one])
  const planned: Planned = { notices: [], messages: [] }
  for (const group of groups) {
    if (group.length === 0) continue
    const id = newMessageId(now)
    const receivers = [...new Set(group.map((one) => one.address).filter((address) => address !== ''))]
    planned.messages.push(
      messageRow({ id, kind, channel: channel.name, receivers, subject, content, eventKey: eventKey(event), now }),
    )
    for (const one of group)
      planned.notices.push(
        noticeRow({ kind, event, channel: channel.name, ...one, state: 'queued', messageId: id, due: now, now, turn }),
      )
  }
  return planned
}

/** Open-Falcon's texts. */
export function textsOf(channel: Pick<Channel, 'text'>, event: AlarmEvent, { dashboard }: Pick<Planning, 'dashboard'>) {
  const subject = shortText(event)
  return { subject, content: channel.text === 'short' ? subject : mailText(event, dashboard) }
}

function callbackMessage(event: AlarmEvent, action: Action, now: number): NewMessage {
  return messageRow({
    id: newMessageId(now),
    kind: 'callback',
    channel: 'callback',
    receivers: [action.url],
    subject: '',
    content: '',
    eventKey: eventKey(event),
    now,
  })
}

function labelOf(event: AlarmEvent, label: string): string {
  const { priority, metric, strategyId, expressionId } = ruleOf(event)
  switch (label) {
    case 'priority':
      return String(priority)
    case 'status':
      return event.status
    case 'metric':
      return metric
    case 'endpoint':
      return event.endpoint
    case 'rule':
      return `${strategyId}/${expressionId}`
    default:
      return event.pushedTags[label.slice('tag:'.length)] ?? ''
  }
}
