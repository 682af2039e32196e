import { expect, test } from 'vitest'
import { goJson } from './go-encode.ts'

test('what Go escapes is escaped, and nothing else is', () => {
  expect(goJson('a<b>&"\\\n\r\t\b\f\u0001\u007f\u0085é中😀\u2028\u2029')).toBe(
    '"a\\u003cb\\u003e\\u0026\\"\\\\\\n\\r\\t\\u0008\\u000c\\u0001\u007f\u0085é中😀\\u2028\\u2029"',
  )
  expect(goJson('a\ud800b\udc00')).toBe('"a\\ufffdb\\ufffd"')
})

test('numbers are written as Go writes a float64', () => {
  const cases: [number, string][] = [
    [0, '0'],
    [-0, '-0'],
    [1.5, '1.5'],
    [1e20, '100000000000000000000'],
    [1e21, '1e+21'],
    [1e-6, '0.000001'],
    [1e-7, '1e-7'],
    [-2.5e-10, '-2.5e-10'],
    [5e-324, '5e-324'],
  ]
  for (const [value, text] of cases) expect(goJson(value)).toBe(text)
  for (const value of [Number.NaN, Infinity, -Infinity])
    expect(() => goJson({ value })).toThrow(`Cannot write JSON: ${value} is not a JSON number`)
})

test('members keep their order, dictionaries are sorted by bytes, absent members are left out', () => {
  const tags = { b: '1', '10': '2', '9': '3', 𐀀: '4', '\uffff': '5', B: '6' }
  expect(goJson({ z: 1, a: undefined, tags, m: [null, undefined, true] })).toBe(
    '{"z":1,"tags":{"10":"2","9":"3","B":"6","b":"1","\uffff":"5","𐀀":"4"},"m":[null,null,true]}',
  )
  expect(
    goJson(
      new Map([
        ['b', 1],
        ['a', 2],
      ]),
    ),
  ).toBe('{"a":2,"b":1}')
  expect(goJson({ tags: null, pushedTags: [] })).toBe('{"tags":null,"pushedTags":[]}')
})
