import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { FramingError } from './errors.ts'
import { Framer } from './framer.ts'

/** What comes out of bytes that arrive in pieces; `settle` also looks at what a framer would wait with. */
function framed(pieces: readonly (string | Buffer)[], options: { maxBytes?: number; settle?: boolean } = {}): string[] {
  const framer = new Framer(options.maxBytes ?? 2 ** 20)
  const texts: string[] = []
  for (const piece of pieces) {
    framer.push(Buffer.from(piece))
    for (let frame = framer.next(); frame !== undefined; frame = framer.next()) texts.push(frame.text)
  }
  if (options.settle) for (let f = framer.next(true); f !== undefined; f = framer.next(true)) texts.push(f.text)
  return texts
}

const reasonOf = (pieces: readonly (string | Buffer)[], maxBytes?: number): string => {
  try {
    framed(pieces, { settle: true, ...(maxBytes === undefined ? {} : { maxBytes }) })
    return 'none'
  } catch (error) {
    return error instanceof FramingError ? error.reason : String(error)
  }
}

const object = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ stringUnit: 'grapheme' }))
const written = fc
  .tuple(object, fc.constantFrom(undefined, 2))
  .map(([value, indent]) => JSON.stringify(value, null, indent))
const separator = fc.constantFrom('', '\n', '\r\n', ' ', '\n\n \t\r\n')

test('objects are found whatever separates them and wherever the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(separator, written), { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      (parts, cuts) => {
        const bytes = Buffer.from(parts.map(([gap, text]) => gap + text).join(''))
        const at = cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b)
        const pieces = [0, ...at].map((from, i) => bytes.subarray(from, at[i] ?? bytes.length))
        expect(framed(pieces)).toEqual(parts.map(([, text]) => text))
      },
    ),
    { numRuns: 2000 },
  )
}, 60_000)

test('of objects without newlines between them, none waits once the first was found', () => {
  const one = JSON.stringify({ method: 'M.m', params: ['x'.repeat(1000)], id: 1 })
  const bytes = Buffer.from(one.repeat(500))
  const framer = new Framer(2 ** 20)
  const size = 20_000
  let found = 0
  for (let from = 0; from < bytes.length; from += size) {
    framer.push(bytes.subarray(from, from + size))
    // Whether more would follow the first piece, only a pause can tell.
    while (framer.next(from === 0) !== undefined) found++
    expect(found).toBe(Math.floor(Math.min(from + size, bytes.length) / one.length))
  }
})

test('an object of many pieces is found as soon as its last byte is there, with or without a newline', () => {
  const long = JSON.stringify({ method: 'M.m', params: ['x"}\\'.repeat(30_000)], id: 1 })
  for (const ending of ['', '\n']) {
    const bytes = Buffer.from(`${long}${ending}${long}${ending}`)
    for (const size of [1000, 17_000, 65_536, bytes.length]) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      )
      expect(framed(pieces)).toEqual([long, long])
    }
  }
})

test('a scan that was put off is made up for when asked', () => {
  const pieces = [`{"a":1}{"b":"${'x'.repeat(20_000)}`]
  expect(framed(pieces)).toEqual([])
  expect(framed(pieces, { settle: true })).toEqual(['{"a":1}'])
})

test('a bare null is an object of its own', () => {
  expect(framed(['null\n{"a":1}'])).toEqual(['null', '{"a":1}'])
  expect(framed(['n', 'ul', 'l {}'])).toEqual(['null', '{}'])
})

test('what is no object is malformed, as soon as it can be told', () => {
  for (const text of ['5', '"a"', '[{}]', 'true', 'nuls', '\ufeff{}', "{'a':1}", '{"a" 1', '{"a":1,}', '{"a":1]', '{,'])
    expect(reasonOf([text]), text).toBe('malformed')
  for (const text of ['{"a":tru}', '{"a":"\u0001"}', '{"a":01}', '{"a":"\\x"}'])
    expect(reasonOf([text]), text).toBe('malformed')
  expect(reasonOf(['{"a":\n', '{"b":1}\n', '}}'])).toBe('malformed')
  expect(reasonOf(['{"a":1}\n{"b"\n{'])).toBe('malformed')
  expect(reasonOf([`{"a":${'['.repeat(10_000)}`])).toBe('malformed')
})

test('an object over the limit is refused, complete or not; objects within it may share a chunk', () => {
  const fits = JSON.stringify({ a: 'x'.repeat(92) })
  expect(fits.length).toBe(100)
  expect(framed([`${fits}\n${fits}${fits}`], { maxBytes: 100 })).toEqual([fits, fits, fits])
  expect(reasonOf([JSON.stringify({ a: 'x'.repeat(93) })], 100)).toBe('tooLarge')
  expect(reasonOf(['{"a":"', 'x'.repeat(60), 'x'.repeat(60)], 100)).toBe('tooLarge')
  expect(reasonOf(['{"a":"', ...Array.from({ length: 10 }, () => 'x'.repeat(20_000))], 100_000)).toBe('tooLarge')
})

test('bytes that are not UTF-8 are kept beside the text', () => {
  const framer = new Framer(1000)
  const bytes = Buffer.from([...Buffer.from('{"id":"'), 0xff, 0xfe, ...Buffer.from('"}')])
  framer.push(bytes)
  expect(framer.next()).toEqual({ text: '{"id":"\ufffd\ufffd"}', value: { id: '\ufffd\ufffd' }, bytes })
})

test('what is pending is told, and forgotten with its object', () => {
  const framer = new Framer(1000)
  framer.push(Buffer.from('{"a":'))
  expect(framer.next()).toBeUndefined()
  expect(framer.pendingBytes).toBe(5)
  framer.push(Buffer.from('1}\n'))
  expect(framer.next()?.value).toEqual({ a: 1 })
  expect(framer.pendingBytes).toBe(0)
})
