import { RE2JS } from 're2js'
import { z } from 'zod'
import type { AlarmEvent } from '#protocol'
import { ruleOf } from '../events/rule-of.ts'

const label = z
  .string()
  .regex(/^(?:endpoint|metric|priority|note|rule|tag:.+)$/, 'must be endpoint, metric, priority, note, rule or tag:<k>')

/** One condition. Patterns of `=~` and `!~` must match the whole value, and take linear time. */
const matcher = z
  .object({ label, op: z.enum(['=', '!=', '=~', '!~']), value: z.string().max(1000) })
  .refine(({ op, value }) => !op.endsWith('~') || isPattern(value), { path: ['value'], error: 'is no pattern' })

/** All must hold; at least one, so that nobody silences everything by leaving them out. */
export const matchers = z.array(matcher).min(1).max(20)
export type Matchers = z.output<typeof matchers>

function isPattern(text: string): boolean {
  try {
    RE2JS.compile(text)
    return true
  } catch {
    return false
  }
}

/** A test that compiles its patterns once. */
export function createMatch(conditions: Matchers): (event: AlarmEvent) => boolean {
  const tests = conditions.map(({ label: name, op, value }) => {
    if (op === '=' || op === '!=') return (event: AlarmEvent) => (valueOf(event, name) === value) === (op === '=')
    const pattern = RE2JS.compile(value)
    return (event: AlarmEvent) => pattern.matches(valueOf(event, name)) === (op === '=~')
  })
  return (event) => tests.every((test) => test(event))
}

/** Empty for a tag that the series has not. */
function valueOf(event: AlarmEvent, name: string): string {
  const { metric, priority, note, strategyId, expressionId } = ruleOf(event)
  switch (name) {
    case 'endpoint':
      return event.endpoint
    case 'metric':
      return metric
    case 'priority':
      return String(priority)
    case 'note':
      return note
    case 'rule':
      return strategyId === 0 ? `e${expressionId}` : `s${strategyId}`
    default:
      return event.pushedTags[name.slice('tag:'.length)] ?? ''
  }
}
