import type { AlarmEvent } from '#protocol'
import type { SentItem } from './falcon-client.ts'

/** What a person would be told, in order: one line an event. */
export type EventLine = `${'PROBLEM' | 'OK'} ${number}`

/**
 * What an undisturbed judge makes of a stream under `all(#2) > threshold` with max_step 1, computed from nothing but the
 * words of the rule: a PROBLEM when the two newest points are above, an OK when that ends.
 */
export function expectedEvents(samples: readonly SentItem[], threshold: number): Map<string, EventLine[]> {
  const lines = new Map<string, EventLine[]>()
  const before = new Map<string, boolean>()
  const open = new Set<string>()
  for (const { endpoint, value, timestamp } of samples) {
    const above = Number(value) > threshold
    const known = before.get(endpoint)
    before.set(endpoint, above)
    if (known === undefined) continue
    const triggered = above && known
    if (triggered === open.has(endpoint)) continue
    if (triggered) open.add(endpoint)
    else open.delete(endpoint)
    const told = lines.get(endpoint) ?? []
    told.push(`${triggered ? 'PROBLEM' : 'OK'} ${timestamp}`)
    lines.set(endpoint, told)
  }
  return lines
}

/** The same lines from the event JSON found on a queue, oldest first. */
export function queuedEvents(texts: readonly string[]): Map<string, EventLine[]> {
  const lines = new Map<string, EventLine[]>()
  for (const text of texts) {
    const { endpoint, status, eventTime } = JSON.parse(text) as AlarmEvent
    const told = lines.get(endpoint) ?? []
    told.push(`${status} ${eventTime}`)
    lines.set(endpoint, told)
  }
  return lines
}

/** For comparing: sorted by endpoint. */
export function asObject(lines: ReadonlyMap<string, EventLine[]>): Record<string, EventLine[]> {
  return Object.fromEntries([...lines].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
