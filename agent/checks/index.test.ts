import { expect, test } from 'vitest'
import { checkMetrics } from '#protocol'
import { checkFamilies, parseCheck } from './index.ts'

test('hbs hands out exactly the metrics there are checks for', () => {
  expect(checkFamilies.flatMap((family) => family.metrics).toSorted()).toEqual(checkMetrics.toSorted())
})

test('a metric that is no check is refused by name', () => {
  expect(parseCheck('cpu.idle', '')).toEqual({ ok: false, reason: 'no check is called "cpu.idle"' })
})

test('a check keeps what it was asked for by', () => {
  expect(parseCheck('net.port.listen', ' port=22')).toEqual({
    ok: true,
    value: { metric: 'net.port.listen', tags: ' port=22', target: 22 },
  })
})
