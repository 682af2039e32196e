import { planAround } from '../intake/plan.ts'
import type { Planning } from '../intake/plan.ts'
import type { HandOver } from '../delivery/channel-worker.ts'
import type { MessageStore } from '../delivery/message-store.ts'
import type { DirectoryKeeper } from '../people/directory-keeper.ts'
import { ruleOf } from '../events/rule-of.ts'
import { callBack, callbackText, callbackUrl } from './callback.ts'
import type { CallbackLimits } from './callback.ts'

/** Makes the call of a message of kind `callback` and plans the notices after it. It is tried once, as by Open-Falcon. */
export function callbackHandOver(options: {
  readonly store: MessageStore
  readonly directory: DirectoryKeeper
  readonly planning: () => Planning
  readonly limits: CallbackLimits
  readonly now: () => number
}): HandOver {
  const { store, directory, planning, limits, now } = options
  return async (message, signal) => {
    const [url = ''] = JSON.parse(message.receivers) as string[]
    const [event] = await store.eventsOf(message)
    if (!event) return { outcome: 'rejected', detail: 'its event is no longer kept' }
    const answer =
      url === '' ? { ok: true as const, body: '' } : await callBack(callbackUrl(url, event), limits, signal)
    const text = callbackText(url, answer)
    const people = await directory.current()
    const action = people.action(ruleOf(event).actionId)
    const follows = action && planAround('after', planning(), { event, directory: people, now: now() }, action, text)
    return { outcome: answer.ok ? 'sent' : 'rejected', detail: text, ...(follows ? { follows } : {}) }
  }
}
