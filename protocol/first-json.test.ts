import { expect, test } from 'vitest'
import { readFirstJson } from './first-json.ts'

test('what follows the first value is not looked at', () => {
  const cases: [string, unknown][] = [
    ['[1, {"a": "}]"}] xx', [1, { a: '}]' }]],
    [' {"a":"\\\\"} ]', { a: '\\' }],
    ['"a\\"b" tail', 'a"b'],
    ['null null', null],
    ['12 13', 12],
    ['[][]', []],
  ]
  for (const [text, value] of cases) expect(readFirstJson(text)?.value, text).toEqual(value)
  expect(readFirstJson('[1] x')?.text).toBe('[1]')
})

test('a whole text is one value', () => {
  expect(readFirstJson('{"a":[1,2]}')).toEqual({ value: { a: [1, 2] }, text: '{"a":[1,2]}' })
})

test('a text that does not begin with a value gives none', () => {
  for (const text of ['', ' ', 'hello', ']', '[1', '{"a":', '"open', '[1}', 'nul', '[1 2] ok'])
    expect(readFirstJson(text), text).toBeUndefined()
})

test('a long text is read in one go', () => {
  const text = `[${'"\\\\",'.repeat(200_000)}1] rest`
  expect(readFirstJson(text)?.value).toHaveLength(200_001)
  expect(readFirstJson(`"${'\\'.repeat(1_000_000)}`)).toBeUndefined()
})
