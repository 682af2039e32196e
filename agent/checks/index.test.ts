import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFixtureHost } from '../host/fixture-host.ts'
import type { FixtureHost } from '../host/fixture-host.ts'
import { gauge } from '../collectors/collector.ts'
import type { CollectedSample } from '../collectors/collector.ts'
import type { Check } from './check.ts'
import { createCheckCollectors, parseCheck } from './index.ts'

let host: FixtureHost
beforeEach(async () => {
  host = await createFixtureHost()
})
afterEach(() => host.remove())

function check(metric: string, tags: string): Check {
  const reading = parseCheck(metric, tags)
  return reading.ok ? reading.value : expect.fail(reading.reason)
}

async function run(checks: readonly Check[], hostname: string): Promise<CollectedSample[]> {
  const collectors = createCheckCollectors(
    () => checks,
    host,
    () => hostname,
  )
  return (await Promise.all(collectors.map((collector) => collector.collect()))).flat()
}

test('a metric that is no check is refused by name', () => {
  expect(parseCheck('cpu.idle', '')).toEqual({ ok: false, reason: 'no check is called "cpu.idle"' })
})

test('checks of all families give their samples', async () => {
  const checks = [
    check('proc.num', 'name=nginx'),
    check('net.port.listen', 'port=22'),
    check('net.port.listen', 'port=23'),
    check('du.bs', 'path=/absent'),
    check('url.check.health', 'url=http://127.0.0.1:1/,timeout=1'),
  ]
  expect(await run(checks, 'web-01')).toEqual([
    gauge('net.port.listen', 1, 'port=22'),
    gauge('net.port.listen', 0, 'port=23'),
    gauge('proc.num', 2, 'name=nginx'),
    gauge('du.bs', -1, 'path=/absent'),
    gauge('url.check.health', 0, 'src=web-01,timeout=1,url=http://127.0.0.1:1/'),
  ])
})

test('a family without checks reads nothing of the host', async () => {
  const blind = new Proxy(host, { get: () => expect.fail('the host was asked') })
  const collectors = createCheckCollectors(
    () => [],
    blind,
    () => 'h',
  )
  expect(await Promise.all(collectors.map((collector) => collector.collect()))).toEqual([[], [], [], []])
})

test('as collectors, families follow the checks and the name of the moment', async () => {
  let current: Check[] = []
  let hostname = 'before'
  const collectors = createCheckCollectors(
    () => current,
    host,
    () => hostname,
  )
  const collect = async () => (await Promise.all(collectors.map((collector) => collector.collect()))).flat()
  expect(await collect()).toEqual([])
  current = [check('net.port.listen', 'port=3306'), check('url.check.health', 'url=http://127.0.0.1:1/,timeout=1')]
  hostname = 'after'
  expect(await collect()).toEqual([
    gauge('net.port.listen', 1, 'port=3306'),
    gauge('url.check.health', 0, 'src=after,timeout=1,url=http://127.0.0.1:1/'),
  ])
})
