import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeGo, goAny, goInt64, goPointers, goString, goStruct } from './go-decode.ts'

interface Item {
  name: string
  step: number
  value: unknown
}

const item = goStruct<Item>('Item', { name: goString, step: goInt64, value: goAny })
const items = goPointers(item)

const refusal = (text: string) => {
  const reading = decodeGo(items, text)
  return reading.ok ? reading.value : reading.reason
}

test('members match whatever their case, also by letters that fold into ASCII; the last of several counts', () => {
  expect(decodeGo(item, '{"NAME":"a","ſtep":3,"Value":[1]}')).toEqual({
    ok: true,
    value: { name: 'a', step: 3, value: [1] },
  })
  expect(decodeGo(item, '{"name":"a","Name":"b","name":"c","other":{"name":"d"}}')).toEqual({
    ok: true,
    value: { name: 'c', step: 0, value: null },
  })
  expect(decodeGo(item, '{"st\\u0065p":7}')).toMatchObject({ value: { step: 7 } })
})

test('null leaves what was there; what is absent is zero', () => {
  expect(decodeGo(item, '{"step":60,"step":null,"name":null}')).toMatchObject({ value: { name: '', step: 60 } })
  expect(decodeGo(item, '{"value":1,"value":null}')).toMatchObject({ value: { value: null } })
  expect(refusal('null')).toEqual([])
  expect(refusal('[null,{}]')).toEqual([null, { name: '', step: 0, value: null }])
})

test('only plain digits within 64 bits are integers', () => {
  expect(refusal('[{"step":-0}]')).toMatchObject([{ step: 0 }])
  expect(refusal('[{"step":9223372036854775807}]')).toMatchObject([{ step: 2 ** 63 }])
  for (const literal of ['60.0', '6e1', '9223372036854775808', '-9223372036854775809'])
    expect(refusal(`[{"step":${literal}}]`)).toBe(
      `json: cannot unmarshal number ${literal} into Go struct field Item.step of type int64`,
    )
})

test('the first value of a wrong type makes the error, in Go’s words', () => {
  const cases: [string, string][] = [
    ['{}', 'object into Go value of type []*model.Item'],
    ['"x"', 'string into Go value of type []*model.Item'],
    ['[true]', 'bool into Go value of type model.Item'],
    ['[{},1]', 'number into Go value of type model.Item'],
    ['[{"name":1}]', 'number into Go struct field Item.name of type string'],
    ['[{"name":{"a":1}}]', 'object into Go struct field Item.name of type string'],
    ['[{"step":"1","name":5}]', 'string into Go struct field Item.step of type int64'],
    ['[{"step":true}]', 'bool into Go struct field Item.step of type int64'],
    ['[{"step":[]}]', 'array into Go struct field Item.step of type int64'],
    ['[{"value":1e400}]', 'number 1e400 into Go struct field Item.value of type float64'],
    ['[{"value":{"a":[-1e999]}}]', 'number -1e999 into Go struct field Item.value of type float64'],
  ]
  for (const [text, rest] of cases) expect(refusal(text)).toBe(`json: cannot unmarshal ${rest}`)
})

test('half a surrogate pair is U+FFFD, a whole one is a character', () => {
  expect(refusal('[{"name":"m\\ud800x","value":"\\udc00\\ud83d\\ude00"}]')).toMatchObject([
    { name: 'm\ufffdx', value: '\ufffd😀' },
  ])
})

test('whatever JSON holds is read as JSON.parse reads it, blanks and nesting included', () => {
  const texts = fc.oneof(
    fc.json(),
    fc.jsonValue().map((value) => JSON.stringify(value, null, 2)),
  )
  fc.assert(
    fc.property(texts, (text) => {
      const parsed = JSON.parse(text) as unknown
      fc.pre(!JSON.stringify(parsed).includes('\\ud'))
      expect(decodeGo(goAny, text)).toEqual({ ok: true, value: parsed })
      expect(decodeGo(item, ` {"x":${text} , "value" :\n${text},"name":"n"}`)).toEqual({
        ok: true,
        value: { name: 'n', step: 0, value: parsed },
      })
    }),
  )
})
