import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeGo, goAny, goInt64, goPointers, goString, goStruct } from './go-decode.ts'
import { readMetricValues } from './metric-values.ts'
import type { RawItem } from './metric-values.ts'

const exactly = goPointers(
  goStruct<RawItem>('MetricValue', {
    endpoint: goString,
    metric: goString,
    value: goAny,
    step: goInt64,
    counterType: goString,
    tags: goString,
    timestamp: goInt64,
  }),
)

const read = (text: string) => readMetricValues({ value: JSON.parse(text) as unknown, text: () => text })
const ordinary = { endpoint: 'h', metric: 'm', value: 1, step: 60, counterType: 'GAUGE', tags: '', timestamp: 1e9 }

test('ordinary items are taken as they were parsed, without a look at the text of each', () => {
  const value = [ordinary, null, { ...ordinary, value: '1.5' }]
  const reading = readMetricValues({
    value,
    source: JSON.stringify(value),
    text: () => expect.fail('the text was decoded'),
  })
  expect(reading).toEqual({ ok: true, value })
})

test('an integer written with a fraction or an exponent is an error, wherever the blanks are', () => {
  for (const step of ['60.0', '6e1', ' 6E1', '\n60.5'])
    for (const text of [`[{"step":${step}}]`, `[{"step" :${step}}]`, `[{"step":60},{"timestamp": ${step}}]`])
      expect(read(text), text).toEqual({
        ok: false,
        reason: expect.stringContaining(`cannot unmarshal number ${step.trim()} into`) as string,
      })
})

test('names in other cases, absent members and unknown ones are settled as Go does', () => {
  const zero = { endpoint: '', metric: '', value: null, step: 0, counterType: '', tags: '', timestamp: 0 }
  expect(read('[{}, {"Metric":"m"}, {"metric":"m","x":{"step":1.5}}, {"step":null,"tags":null}]')).toEqual({
    ok: true,
    value: [zero, { ...zero, metric: 'm' }, { ...zero, metric: 'm' }, zero],
  })
})

test('a value under a name in another case is found, also when it is the only such name', () => {
  const { value: _, ...valueless } = ordinary
  expect(read(JSON.stringify([{ ...valueless, Value: 9 }]))).toEqual({ ok: true, value: [{ ...ordinary, value: 9 }] })
  expect(read(JSON.stringify([{ ...valueless, x: 9 }]))).toEqual({ ok: true, value: [{ ...ordinary, value: null }] })
})

test('nothing and null are an empty list', () => {
  expect(readMetricValues({ value: undefined, text: () => 'null' })).toEqual({ ok: true, value: [] })
  expect(read('null')).toEqual({ ok: true, value: [] })
})

test('whatever comes is read as Go’s decoder reads it', () => {
  const name = fc.constantFrom('endpoint', 'metric', 'value', 'step', 'counterType', 'tags', 'timestamp', 'Step', 'x')
  const literals = ['1', '-1', '0', '60.0', '1e3', '1e400', '9223372036854775808', '12345678901234567', 'true', 'null']
  const texts = ['""', '"a"', '"a\\ud800"', '"\\u4e2d"', '"}"', '"\\"step\\":1.5"', '[]', '{"step":1.0}', '[1e999]']
  const member = fc.record({ name, value: fc.constantFrom(...literals, ...texts), gap: fc.constantFrom('', ' ', '\n') })
  const whole = fc
    .record({ step: fc.constantFrom(...literals), timestamp: fc.constantFrom(...literals) })
    .map(
      ({ step, timestamp }) =>
        `{"endpoint":"h","metric":"m","value":1,"step":${step},"counterType":"GAUGE","tags":"","timestamp":${timestamp}}`,
    )
  const some = fc
    .uniqueArray(member, { selector: (m) => m.name, maxLength: 9 })
    .map((members) => `{${members.map((m) => `"${m.name}"${m.gap}:${m.gap}${m.value}`).join(',')}}`)
  fc.assert(
    fc.property(fc.array(fc.oneof(whole, some, fc.constant('null')), { maxLength: 4 }), (list) => {
      const text = `[${list.join(', ')}]`
      expect(read(text)).toEqual(decodeGo(exactly, text))
    }),
    { numRuns: 2000 },
  )
})
