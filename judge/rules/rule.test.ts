import { expect, test } from 'vitest'
import type { Strategy } from '#protocol'
import { compileRule, matchesTags } from './rule.ts'

const strategy = (tags: Record<string, string>): Strategy => ({
  id: 1,
  metric: 'df.bytes.free.percent',
  tags,
  func: 'all(#3)',
  operator: '<',
  rightValue: 5,
  maxStep: 3,
  priority: 1,
  note: '',
  tpl: null,
})
const matches = (ruleTags: Record<string, string>, itemTags: Record<string, string>) =>
  matchesTags(
    compileRule({ kind: 'strategy', value: strategy(ruleTags) }, 100),
    'h1',
    new Map(Object.entries(itemTags)),
  )

test('a series carries all tags of a rule, and may carry more', () => {
  expect(matches({ mount: '/' }, { mount: '/', fstype: 'ext4' })).toBe(true)
  expect(matches({}, { mount: '/' })).toBe(true)
  expect(matches({ mount: '/', fstype: 'ext4' }, { mount: '/' })).toBe(false)
  expect(matches({ mount: '/' }, { mount: '/data' })).toBe(false)
})

test('blanks that somebody typed after a comma do not keep a rule from matching', () => {
  expect(matches({ fstype: 'ext4', ' mount': '/' }, { mount: '/', fstype: 'ext4' })).toBe(true)
  expect(matches({ fstype: 'ext4', mount: ' /' }, { mount: '/', fstype: 'ext4' })).toBe(true)
})

test('endpoint is a tag for expressions only', () => {
  const { tpl: _, ...rest } = strategy({ endpoint: 'h1' })
  const expression = compileRule({ kind: 'expression', value: { ...rest, actionId: 1 } }, 100)
  expect(matchesTags(expression, 'h1', new Map())).toBe(true)
  expect(matchesTags(expression, 'h2', new Map())).toBe(false)
  expect(matches({ endpoint: 'h1' }, {})).toBe(false)
})
