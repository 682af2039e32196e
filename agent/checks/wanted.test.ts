import { expect, test } from 'vitest'
import { createLogger } from '#lib/log'
import { wantedChecks } from './wanted.ts'
import type { LocalCheck } from './wanted.ts'

const local = (metric: string, tags: string): LocalCheck => ({ metric, tags, options: {} })

function wanted(own: LocalCheck[], ordered: [string, string][]): { made: string[]; told: Record<string, unknown>[] } {
  const told: Record<string, unknown>[] = []
  const log = createLogger('agent', {
    destination: { write: (line) => told.push(JSON.parse(line) as Record<string, unknown>) },
  })
  const metrics = ordered.map(([Metric, Tags]) => ({ Metric, Tags }))
  return { made: wantedChecks(own, metrics, log).map(({ metric, tags }) => `${metric}/${tags}`), told }
}

test('checks of the configuration come first, then those of hbs', () => {
  const { made, told } = wanted([local('du.bs', 'path=/var')], [['net.port.listen', 'port=22']])
  expect(made).toEqual(['du.bs/path=/var', 'net.port.listen/port=22'])
  expect(told).toEqual([])
})

test('a strategy about a check of the configuration asks for none of its own, whatever it could mean', () => {
  const { made, told } = wanted(
    [local('proc.num', 'name=java,cmdline=app.jar')],
    [
      ['proc.num', 'name=java,cmdline=app.jar'],
      ['proc.num', 'cmdline=app.jar'],
      ['proc.num', ''],
      ['proc.num', 'name=nginx'],
    ],
  )
  expect(made).toEqual(['proc.num/name=java,cmdline=app.jar', 'proc.num/name=nginx'])
  expect(told).toEqual([])
})

test('a strategy that is no check by itself may be about those of other strategies', () => {
  const { made, told } = wanted(
    [],
    [
      ['net.port.listen', 'port=22'],
      ['net.port.listen', ''],
    ],
  )
  expect(made).toEqual(['net.port.listen/port=22'])
  expect(told).toEqual([])
})

test('what cannot be made is told, without passwords', () => {
  const { made, told } = wanted(
    [],
    [
      ['url.check.health', 'url=http://me:secret@a/'],
      ['url.check.health', 'url=me:secret@a'],
      ['proc.num', ''],
    ],
  )
  expect(made).toEqual([])
  expect(told.map(({ metric, tags }) => [metric, tags])).toEqual([
    ['url.check.health', 'url=http://***@a/'],
    ['url.check.health', 'url=***@a'],
    ['proc.num', ''],
  ])
  expect(JSON.stringify(told)).not.toContain('secret')
})
