import { expect, test } from 'vitest'
import { compileFunction, neverReason } from './compile.ts'
import { describeFunction, verdictOf } from './function.contract.ts'
import { functions } from './index.ts'

for (const member of functions) describeFunction(member)

test('kdiff fires only when each of the newest is away from each of the values before them', () => {
  expect(verdictOf('kdiff(#3,2)', '>', 3, [15, 14, 10, 10, 10])).toEqual({ leftValue: 4, triggered: true })
  expect(verdictOf('kdiff(#3,2)', '>', 3, [15, 14, 10, 12, 10])).toEqual({ leftValue: 3, triggered: false })
  expect(verdictOf('kdiff(#1,2)', '<', 0, [5, 6, 7])).toEqual({ leftValue: -1, triggered: true })
})

test('kpdiff takes the percentage of the newer value', () => {
  expect(verdictOf('kpdiff(#1,1)', '>', 49, [20, 10])).toEqual({ leftValue: 50, triggered: true })
  expect(verdictOf('kpdiff(#1,1)', '>', 50, [20, 10])).toEqual({ leftValue: 50, triggered: false })
})

test('a newest value of zero stops kdiff and kpdiff without a decision to fire', () => {
  for (const name of ['kdiff', 'kpdiff']) expect(verdictOf(`${name}(#1,1)`, '<', 1, [0, 10]).triggered).toBe(false)
})

test('stddev looks at the distance in deviations, whatever the operator', () => {
  const values = [40, 10, 11, 9, 10]
  for (const operator of ['>', '<', 'none']) expect(verdictOf('stddev(#5)', operator, 1.9, values).triggered).toBe(true)
  expect(verdictOf('stddev(#5)', '>', 2.1, values).triggered).toBe(false)
})

test('texts that would crash the original are refused by name', () => {
  for (const text of ['#3)', '#', 'lookup(#2)', 'kdiff(#2)', '12)']) {
    const compiled = compileFunction(text, '>', 0)
    expect(compiled, text).toMatchObject({
      ok: false,
      reason: expect.stringContaining(`func "${text}" cannot be used`),
    })
  }
})

test('a function that can never fire compiles and says so', () => {
  const why = (text: string, operator = '>') => {
    const compiled = compileFunction(text, operator, 0)
    return compiled.ok ? neverReason(compiled.value) : compiled.reason
  }
  expect(why('max(#0)')).toContain('at least 1')
  expect(why('diff(#0)')).toContain('nothing to compare')
  expect(why('lookup(#4,3)')).toContain('4 of 3')
  expect(why('all(#1)', 'gt')).toContain('operator "gt"')
  expect(why('stddev(#3)', 'gt')).toBeUndefined()
  expect(why('all(#1)')).toBeUndefined()
})

test('nodata takes a number of steps, at least one', () => {
  expect(compileFunction('nodata(#3)', '', 0)).toEqual({ ok: true, value: { kind: 'absence', steps: 3 } })
  expect(compileFunction('nodata(#0)', '', 0)).toMatchObject({ ok: false })
})
