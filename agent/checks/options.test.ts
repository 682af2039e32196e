import { expect, test } from 'vitest'
import { readOptions } from './options.ts'
import type { OptionReader } from './options.ts'

const keys = { keys: ['method', 'timeout', 'insecure'], texts: ['url', 'match'] }
const read = (tags: string, use: (reader: OptionReader) => unknown, options = {}) =>
  readOptions(tags, options, keys, use)
const limits = { min: 1, max: 9, fallback: 3 }

test.each([
  ['url=http://a/?x=1,2&y=3', 'http://a/?x=1,2&y=3'],
  ['url=http://a/?x=1,timeout=2', 'http://a/?x=1'],
  ['timeout=2,url=http://a/,b=c,d, e', 'http://a/,b=c,d, e'],
  [' url = http://a/ , method=GET', 'http://a/'],
  ['url=http://a/,', 'http://a/,'],
])('a text may hold commas and equals signs: %s', (tags, url) => {
  expect(read(tags, (reader) => reader.text('url'))).toEqual({ ok: true, value: url })
})

test('what the configuration says wins over the tags', () => {
  expect(read('url=a,method=GET', (reader) => reader.text('method'), { method: 'PUT' })).toEqual({
    ok: true,
    value: 'PUT',
  })
})

test.each<[string, string, (reader: OptionReader) => unknown]>([
  ['a missing key', 'method=GET', (reader) => reader.text('url')],
  ['an empty one', 'url=', (reader) => reader.text('url')],
  ['an unknown key', 'methd=GET', (reader) => reader.has('url')],
  ['a part without key', 'method=GET,POST', (reader) => reader.has('url')],
  ['no number', 'timeout=2s', (reader) => reader.number('timeout', limits)],
  ['an empty number', 'timeout=', (reader) => reader.number('timeout', limits)],
  ['a number beyond the limits', 'timeout=10', (reader) => reader.number('timeout', limits)],
  ['neither true nor false', 'insecure=1', (reader) => reader.flag('insecure')],
  ['none of the choices', 'method=PUT', (reader) => reader.choice('method', ['GET', 'HEAD'], 'GET')],
])('%s is refused with the text', (_, tags, use) => {
  const reading = read(tags, use)
  expect(reading.ok ? '' : reading.reason).toContain(`"${tags}" cannot be read: `)
})

test('an error of a reader is a bug, not a refusal', () => {
  expect(() =>
    read('', () => {
      throw new TypeError('bug')
    }),
  ).toThrow('bug')
})

test('what tags cannot carry is written there as in URLs, and in the configuration as it is', () => {
  const match = (tags: string, options = {}) => read(tags, (reader) => reader.encoded('match', ''), options)
  expect(match('match=a%2Cb%20c')).toEqual({ ok: true, value: 'a,b c' })
  expect(match('match=100%')).toEqual({ ok: true, value: '100%' })
  expect(match('', { match: 'a%2Cb' })).toEqual({ ok: true, value: 'a%2Cb' })
})
