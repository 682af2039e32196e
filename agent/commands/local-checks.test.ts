import { expect, test } from 'vitest'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import { createLinuxHost } from '../host/linux.ts'
import { runLocalChecks } from './local-checks.ts'

test('the checks of the configuration give samples, and a line for each that is not well', async () => {
  const host = createLinuxHost({ root: '/' })
  const log = createLogger('agent', { destination: { write: (line) => expect.fail(line) } })
  const checks = [
    { metric: 'file.count', tags: 'path=/absent/*', options: {} },
    { metric: 'tcp.connect', tags: 'host=127.0.0.1,port=1', options: {} },
    { metric: 'log.count', tags: 'file=/proc/version,text=x', options: {} },
  ]
  const { samples, reasons } = await runLocalChecks(checks, { host, log, counters: createCounters() })
  expect(samples.map(({ metric, value }) => [metric, value])).toEqual([
    ['tcp.connect', 0],
    ['file.count', 0],
    ['file.size', 0],
    ['log.count', 0],
    ['log.behind', 0],
  ])
  expect(reasons).toEqual([
    'tcp.connect host=127.0.0.1,port=1: connect ECONNREFUSED 127.0.0.1:1',
    'file.count path=/absent/*: there is none',
  ])
})
