import { expect, test } from 'vitest'
import { readTelnetLine } from './telnet.ts'

const item = { endpoint: 'h', metric: 'm', value: 1, step: 60, counterType: 'COUNTER', tags: '', timestamp: 1700000000 }

function update(line: string) {
  const read = readTelnetLine(line)
  if (read.kind !== 'update') throw new Error(`${line} was read as ${read.kind}`)
  return read.item
}

test('four fields are a COUNTER with a step of a minute', () => {
  expect(update('update h m 1700000000 1')).toEqual({ ok: true, value: item })
})

test('type and step may follow, the step also as the last of four parts', () => {
  expect(update('update h m 1700000000 1 GAUGE 300')).toMatchObject({ value: { counterType: 'GAUGE', step: 300 } })
  expect(update('update h m 1700000000 1 GAUGE 120:0:U:60')).toMatchObject({ value: { step: 60 } })
})

test('fields are separated by whatever Go calls blank', () => {
  expect(update('  update\th\u00a0m \u3000 1700000000\u00851\r')).toEqual({ ok: true, value: item })
  expect(update('update h \ufeffm 1700000000 1')).toMatchObject({ value: { metric: '\ufeffm' } })
})

test('quit is exactly that; blank lines and other commands are ignored', () => {
  expect(readTelnetLine('quit')).toEqual({ kind: 'quit' })
  for (const line of ['', '  ', 'quit\r', ' quit', 'update', 'UPDATE h m 1 1', 'put h m 1 1'])
    expect(readTelnetLine(line), line).toEqual({ kind: 'ignored' })
})

test('an update that cannot be read says why', () => {
  const reasons = (line: string) => {
    const read = update(line)
    return read.ok ? 'accepted' : read.reason
  }
  expect(reasons('update h m 1700000000')).toBe('needs 4 to 6 fields')
  expect(reasons('update h m 1700000000 1 GAUGE 60 x')).toBe('needs 4 to 6 fields')
  expect(reasons('update h m 1.5 1')).toBe('timestamp is not an integer')
  expect(reasons('update h m 9223372036854775808 1')).toBe('timestamp is not an integer')
  expect(reasons('update h m 9223372036854775807 1')).toBe('accepted')
  expect(reasons('update h m -9223372036854775808 1')).toBe('accepted')
  expect(reasons('update h m 1700000000 x')).toBe('not a value')
  expect(reasons('update h m 1700000000 1 gauge')).toBe('unknown counterType')
  expect(reasons('update h m 1700000000 1 GAUGE 120:60')).toBe('step is not an integer')
  expect(reasons('update h m 1700000000 1 GAUGE U')).toBe('step is not an integer')
})
