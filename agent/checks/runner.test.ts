import { afterEach, beforeEach, expect, test } from 'vitest'
import { gauge } from '../collectors/collector.ts'
import type { CollectedSample } from '../collectors/collector.ts'
import { createFixtureHost } from '../host/fixture-host.ts'
import type { FixtureHost } from '../host/fixture-host.ts'
import type { Host } from '../host/host.ts'
import { defineCheck } from './check.ts'
import type { Check, CheckFamily } from './check.ts'
import { checkContext } from './fixture-run.ts'
import { checkFamilies, parseCheck } from './index.ts'
import { createCheckRunner } from './runner.ts'
import type { CheckRunner } from './runner.ts'

let host: FixtureHost
beforeEach(async () => {
  host = await createFixtureHost()
})
afterEach(() => host.remove())

function check(metric: string, tags: string): Check {
  const reading = parseCheck(metric, tags)
  return reading.ok ? reading.value : expect.fail(reading.reason)
}

function runnerOf(
  current: () => readonly Check[],
  hostname: () => string,
  families: readonly CheckFamily[] = checkFamilies,
  on: Host = host,
): CheckRunner {
  return createCheckRunner({
    families,
    current,
    context: () => checkContext({ host: on, hostname: hostname() }),
    now: () => 1000,
  })
}

async function collect({ collectors }: CheckRunner): Promise<CollectedSample[]> {
  return (await Promise.all(collectors.map((collector) => collector.collect()))).flat()
}

test('checks of all families give their samples', async () => {
  const checks = [
    check('proc.num', 'name=nginx'),
    check('net.port.listen', 'port=22'),
    check('net.port.listen', 'port=23'),
    check('du.bs', 'path=/absent'),
    check('url.check.health', 'url=http://127.0.0.1:1/,timeout=1'),
  ]
  const runner = runnerOf(
    () => checks,
    () => 'web-01',
  )
  expect(await collect(runner)).toEqual([
    gauge('net.port.listen', 1, 'port=22'),
    gauge('net.port.listen', 0, 'port=23'),
    gauge('proc.num', 2, 'name=nginx'),
    gauge('du.bs', -1, 'path=/absent'),
    gauge('url.check.health', 0, 'src=web-01,timeout=1,url=http://127.0.0.1:1/'),
  ])
})

test('a family without checks reads nothing of the host', async () => {
  const blind = new Proxy(host, { get: () => expect.fail('the host was asked') })
  const runner = runnerOf(
    () => [],
    () => 'h',
    checkFamilies,
    blind,
  )
  expect(await collect(runner)).toEqual([])
})

test('families follow the checks and the name of the moment', async () => {
  let current: Check[] = []
  let hostname = 'before'
  const runner = runnerOf(
    () => current,
    () => hostname,
  )
  expect(await collect(runner)).toEqual([])
  current = [check('net.port.listen', 'port=3306'), check('url.check.health', 'url=http://127.0.0.1:1/,timeout=1')]
  hostname = 'after'
  expect(await collect(runner)).toEqual([
    gauge('net.port.listen', 1, 'port=3306'),
    gauge('url.check.health', 0, 'src=after,timeout=1,url=http://127.0.0.1:1/'),
  ])
})

/** A family of two metrics; the target is what `to` says, the other tags are for people. */
function lamps(on: (lamp: string) => boolean): { family: CheckFamily; asked: string[] } {
  const asked: string[] = []
  const family = defineCheck<string>({
    name: 'lamp',
    metrics: ['lamp.on', 'lamp.off'],
    read: (tags) => ({ ok: true, value: /to=(\w+)/.exec(tags)?.[1] ?? '' }),
    async run(targets) {
      asked.push(...targets)
      return targets.map((lamp) =>
        on(lamp) ? { values: { 'lamp.on': 1, 'lamp.off': 0 } } : { values: { 'lamp.on': 0 }, reason: 'burnt out' },
      )
    },
  })
  return { family, asked }
}

function lampCheck(metric: string, tags: string): Check {
  return { metric, tags, target: /to=(\w+)/.exec(tags)?.[1] ?? '' }
}

test('one target asked for twice, through two metrics and with other tags is asked once and has the tags of all', async () => {
  const { family, asked } = lamps(() => true)
  const checks = [
    lampCheck('lamp.on', 'to=a'),
    lampCheck('lamp.on', 'to=a'),
    lampCheck('lamp.off', 'to=a,room=2'),
    lampCheck('lamp.off', ' floor = 1 , to=a'),
    lampCheck('lamp.on', 'to=b'),
  ]
  const runner = runnerOf(
    () => checks,
    () => 'h',
    [family],
  )
  expect(await collect(runner)).toEqual([
    gauge('lamp.on', 1, 'floor=1,room=2,to=a'),
    gauge('lamp.off', 0, 'floor=1,room=2,to=a'),
    gauge('lamp.on', 1, 'to=b'),
    gauge('lamp.off', 0, 'to=b'),
  ])
  expect(asked).toEqual(['a', 'b'])
})

test('tags that contradict each other make two series of one answer', async () => {
  const { family, asked } = lamps(() => true)
  const checks = [lampCheck('lamp.on', 'to=a,room=1'), lampCheck('lamp.on', 'to=a,room=2')]
  const runner = runnerOf(
    () => checks,
    () => 'h',
    [family],
  )
  expect((await collect(runner)).map(({ metric, tags }) => `${metric}/${tags}`)).toEqual([
    'lamp.on/room=1,to=a',
    'lamp.off/room=1,to=a',
    'lamp.on/room=2,to=a',
    'lamp.off/room=2,to=a',
  ])
  expect(asked).toEqual(['a'])
})

test('the state of each check says when it ran, what it gave and why', async () => {
  const { family } = lamps((lamp) => lamp === 'a')
  let checks = [lampCheck('lamp.on', 'to=a'), lampCheck('lamp.off', 'to=b,url=http://me:secret@b/')]
  const runner = runnerOf(
    () => checks,
    () => 'h',
    [family],
  )
  expect(runner.states()).toEqual([
    { metrics: ['lamp.on'], tags: 'to=a', last: undefined },
    { metrics: ['lamp.off'], tags: 'to=b,url=http://***@b/', last: undefined },
  ])
  await collect(runner)
  const ran = { atMs: 1000, durationMs: expect.any(Number) as number, reason: undefined, note: undefined }
  const dark = { ...ran, values: { 'lamp.on': 0 }, reason: 'burnt out' }
  expect(runner.states().map(({ last }) => last)).toEqual([{ ...ran, values: { 'lamp.on': 1, 'lamp.off': 0 } }, dark])
  checks = [lampCheck('lamp.off', 'to=b'), lampCheck('lamp.on', 'to=c')]
  expect(runner.states().map(({ last }) => last)).toEqual([dark, undefined])
})

test('a family that cannot be asked at all says so of each of its checks', async () => {
  const blind: Host = { ...host, openPorts: () => Promise.reject(new Error('Cannot read /proc/net/tcp: EACCES')) }
  const checks = [check('net.port.listen', 'port=22')]
  const runner = runnerOf(
    () => checks,
    () => 'h',
    checkFamilies,
    blind,
  )
  await expect(collect(runner)).rejects.toThrow('EACCES')
  expect(runner.states()[0]?.last).toMatchObject({ values: {}, reason: 'Cannot read /proc/net/tcp: EACCES' })
})
