import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Framer } from './framer.ts'
import { readRequest } from './request.ts'

function requestOf(line: string | Buffer): ReturnType<typeof readRequest> {
  const framer = new Framer(2 ** 20)
  framer.push(Buffer.from(line))
  const frame = framer.next()
  if (frame === undefined) throw new Error('the line is no frame')
  return readRequest(frame)
}

const argumentText = (line: string) => {
  const argument = requestOf(line)?.argument
  return argument !== undefined && 'text' in argument ? argument.text() : argument?.missing
}

test('an id is echoed as it was written, without blanks between its parts', () => {
  const cases: [string, string][] = [
    ['1', '1'],
    ['1e2', '1e2'],
    ['-0.50', '-0.50'],
    ['18446744073709551615', '18446744073709551615'],
    ['"a b\\u003c"', '"a b\\u003c"'],
    ['"<&>\u2028中"', '"\\u003c\\u0026\\u003e\\u2028中"'],
    ['{ "a" : [ 1 , "x , y" ] }', '{"a":[1,"x , y"]}'],
    ['null', 'null'],
    ['true', 'true'],
  ]
  for (const [id, echoed] of cases)
    for (const line of [`{"method":"A.b","params":[],"id":${id}}`, `{"id": ${id} , "params": [], "method": "A.b"}`])
      expect(requestOf(line)?.id, line).toBe(echoed)
  expect(requestOf('{"method":"A.b"}')?.id).toBe('null')
  expect(requestOf('{"id":1,"x":{"id":5},"id":2.0}')?.id).toBe('2.0')
  expect(requestOf('{"x":[{"a":1,"id":5}]}')?.id).toBe('null')
})

test('an id that is not UTF-8 is echoed in its bytes', () => {
  const line = (name: string) =>
    Buffer.concat([Buffer.from(`{"${name}" : [ "`), Buffer.from([0xff, 0xe2, 0x80, 0xa8]), Buffer.from('<"]}')])
  const echoed = Buffer.concat([Buffer.from('["'), Buffer.from([0xff]), Buffer.from('\\u2028\\u003c"]')])
  expect(requestOf(line('id'))?.id).toEqual(echoed)
  expect(requestOf(line('ID'))?.id).toEqual(echoed)
})

test('names match whatever their case, and the last one counts', () => {
  const request = requestOf('{"METHOD":"A.b","Params":[7],"Id":3,"method":"C.d","x":1}')
  expect(request).toMatchObject({ method: 'C.d', id: '3', argument: { value: 7 } })
})

test('the text of the argument is the first parameter of the last list', () => {
  expect(argumentText('{"params":[1],"params": [ {"a":[1.0, "]"]} , 2]}')).toBe('{"a":[1.0, "]"]}')
  expect(argumentText('{"params":[null]}')).toBe('null')
  expect(argumentText('{"params":[]}')).toBe('null')
  fc.assert(
    fc.property(fc.json(), fc.json(), (first, second) => {
      expect(argumentText(`{"id":1,"params":[ ${first} ,${second}],"method":"A.b"}`)).toBe(first.trim())
    }),
  )
})

test('what is no list of parameters is told in Go’s words', () => {
  expect(argumentText('{}')).toBe('jsonrpc: request body missing params')
  expect(argumentText('{"params":null}')).toBe('jsonrpc: request body missing params')
  for (const [params, kind] of [
    ['{}', 'object'],
    ['""', 'string'],
    ['5', 'number'],
    ['false', 'bool'],
  ])
    expect(argumentText(`{"params":${params}}`)).toBe(
      `json: cannot unmarshal ${kind} into Go value of type [1]interface {}`,
    )
})

test('a method that is no text is no request; none at all is an empty one', () => {
  expect(requestOf('{"method":5}')).toBeUndefined()
  expect(requestOf('{"method":null}')?.method).toBe('')
  expect(requestOf('null')).toMatchObject({ method: '', id: 'null' })
})
