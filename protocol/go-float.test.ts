import { expect, test } from 'vitest'
import { parseGoFloat } from './go-float.ts'

test('decimal texts are numbers in every form that Go writes or takes', () => {
  const cases: [string, number][] = [
    ['1', 1],
    ['-1.5', -1.5],
    ['+5', 5],
    ['.5', 0.5],
    ['5.', 5],
    ['1e3', 1000],
    ['1E+2', 100],
    ['007', 7],
    ['1_000', 1000],
    ['1_0.5_0e1_0', 105_000_000_000],
    ['1e-400', 0],
    ['-0', -0],
  ]
  for (const [text, value] of cases) expect(parseGoFloat(text), text).toBe(value)
})

test('hexadecimal texts need an exponent, and may have a fraction', () => {
  expect(parseGoFloat('0x1p4')).toBe(16)
  expect(parseGoFloat('0x_1p4')).toBe(16)
  expect(parseGoFloat('-0X.8P1')).toBe(-1)
  expect(parseGoFloat('0x1.8p-1')).toBe(0.75)
  expect(parseGoFloat('0x1p-1074')).toBe(5e-324)
  expect(parseGoFloat('0x0p99999')).toBe(0)
  expect(parseGoFloat('0x10')).toBeUndefined()
  expect(parseGoFloat('0xp1')).toBeUndefined()
  expect(parseGoFloat('0x1p99999')).toBeUndefined()
})

test('NaN and the infinities are values, in any case; NaN has no sign', () => {
  for (const text of ['NaN', 'nan', 'NAN']) expect(parseGoFloat(text), text).toBeNaN()
  for (const text of ['inf', '+Inf', 'Infinity', 'INFINITY']) expect(parseGoFloat(text), text).toBe(Infinity)
  expect(parseGoFloat('-infinity')).toBe(-Infinity)
  expect(parseGoFloat('-nan')).toBeUndefined()
})

test('everything else is no number', () => {
  const texts = [
    '',
    ' 1',
    '1 ',
    '1\0',
    'abc',
    'true',
    '0o7',
    '0b1',
    '１',
    '1e',
    'e1',
    '.',
    '+',
    '1.2.3',
    '--1',
    'infin',
  ]
  for (const text of [...texts, '_1', '1_', '1__0', '1_.5', '1_e5', '1e_5', '1e400', '-1e400'])
    expect(parseGoFloat(text), JSON.stringify(text)).toBeUndefined()
})

test('a text of a million digits is answered at once', () => {
  expect(parseGoFloat(`${'1'.repeat(1_000_000)}x`)).toBeUndefined()
  expect(parseGoFloat('1'.repeat(1_000_000))).toBeUndefined()
})
