import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { textOfUtf8 } from './utf8.ts'

const character = fc
  .oneof(fc.integer({ min: 0, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((code) => String.fromCodePoint(code))

test('valid UTF-8 is its text, also when it holds U+FFFD', () => {
  fc.assert(
    fc.property(fc.string({ unit: character }), (text) => {
      expect(textOfUtf8(Buffer.from(text))).toBe(text)
    }),
  )
  expect(textOfUtf8(Buffer.from('a\ufffdb'))).toBe('a\ufffdb')
})

test('each byte that is part of no character is one U+FFFD', () => {
  const cases: [number[], string][] = [
    [[0x61, 0xff, 0x62], 'a?b'],
    [[0xe4, 0xb8, 0x22], '??"'],
    [[0xe4, 0xb8, 0xad, 0xe4, 0xb8], '中??'],
    [[0xed, 0xa0, 0x80], '???'], // half a surrogate pair
    [[0xc0, 0x80, 0xf5, 0x80], '????'],
    [[0xf0, 0x9f, 0x98, 0x80, 0xf0, 0x9f, 0x98], '😀???'],
    [[0xf4, 0x90, 0x80, 0x80], '????'], // beyond U+10FFFF
  ]
  for (const [bytes, text] of cases) expect(textOfUtf8(Buffer.from(bytes))).toBe(text.replaceAll('?', '\ufffd'))
})
