import { expect, test } from 'vitest'
import { formatEvent } from '#protocol'
import type { AlarmEvent } from '#protocol'
import { loadVectors } from './load.ts'

const queued = loadVectors<{ events: { queue: string; event: string }[] }>('wire/redis-events.json').events
const { scenarios } = loadVectors<{ scenarios: { steps: { events: { event: string }[] }[] }[] }>(
  'semantic/judge-events.json',
)
const texts = [...queued, ...scenarios.flatMap(({ steps }) => steps.flatMap(({ events }) => events))].map(
  ({ event }) => event,
)

test('the recordings have events', () => {
  expect(queued.length).toBeGreaterThan(0)
  expect(scenarios.length).toBeGreaterThan(0)
})

test('an event is written as Open-Falcon writes it, whatever order its members are in', () => {
  for (const text of texts) {
    const event = JSON.parse(text) as AlarmEvent
    expect(formatEvent(event)).toBe(text)
    expect(formatEvent(reversed(event) as AlarmEvent)).toBe(text)
  }
})

test('the queue of an event is that of its priority', () => {
  for (const { queue, event } of queued) {
    const { strategy, expression } = JSON.parse(event) as AlarmEvent
    expect(queue).toBe(`event:p${(strategy ?? expression)?.priority}`)
  }
})

function reversed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, member]) => [name, reversed(member)]),
  )
}
