import { expect, test } from 'vitest'
import { activeExpressions, parseExpression } from './expressions.ts'
import type { ExpressionRow } from './tables.ts'

const row = (members: Partial<ExpressionRow>): ExpressionRow => ({
  id: 1,
  expression: 'each(metric=m srv=x)',
  func: 'all(#1)',
  op: '>',
  right_value: '1',
  max_step: 3,
  priority: 0,
  note: '',
  action_id: 1,
  pause: 0,
  ...members,
})

test.each([
  ['each(metric=m srv=x)', { metric: 'm', tags: { srv: 'x' } }],
  ['  each (\tmetric=m \n b=2   a=1 ) trailing (x)', { metric: 'm', tags: { a: '1', b: '2' } }],
  ['(endpoint=h metric=m)', { metric: 'm', tags: { endpoint: 'h' } }],
  ['each(metric=m k=)', { metric: 'm', tags: { k: '' } }],
  ['each(metric=m =v)', { metric: 'm', tags: { '': 'v' } }],
  ['each(metric=m __proto__=v)', { metric: 'm', tags: Object.fromEntries([['__proto__', 'v']]) }],
])('%j is understood', (text, value) => {
  expect(parseExpression(text)).toEqual({ ok: true, value })
})

test.each([
  ['metric=m srv=x', 'has no parentheses'],
  ['', 'has no parentheses'],
  [')each(metric=m srv=x', 'has no parentheses'],
  ['each(metric=m)', 'needs a metric and at least one tag'],
  ['each(srv=x idc=y)', 'names no metric'],
  ['each(metric=m a=b=c)', '"a=b=c", which is not key=value'],
  ['each(metric=m srv)', '"srv", which is not key=value'],
])('%j is refused, saying why', (text, why) => {
  const read = parseExpression(text)
  expect(read.ok ? '' : read.reason).toContain(why)
})

test('one bad text costs no other expression; paused ones and those without action are no problem', () => {
  const { expressions, problems } = activeExpressions([
    row({ id: 1, expression: 'each metric=m srv=x' }),
    row({ id: 2 }),
    row({ id: 3, pause: 1, expression: 'junk' }),
    row({ id: 4, action_id: 0, expression: 'junk' }),
    row({ id: 5, right_value: 'NaN' }),
  ])
  expect(expressions.map(({ id }) => id)).toEqual([2])
  expect(problems).toEqual([
    { table: 'expression', id: 1, reason: 'its text "each metric=m srv=x" has no parentheses', skipped: true },
    { table: 'expression', id: 5, reason: 'its right_value "NaN" is no number', skipped: true },
  ])
})
