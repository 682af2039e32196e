import { expect, test } from 'vitest'
import type { Host } from '../host/host.ts'
import { createLinuxHost } from '../host/linux.ts'
import { createNames } from '../host/names.ts'
import { UnreachableError } from '../host/unreachable.ts'
import { checkContract } from './check.contract.ts'
import { runChecks } from './fixture-run.ts'
import { ping } from './ping.ts'

/** This machine, but for what becomes of the echoes. */
function hostThat(echo: Host['echo']): Host {
  return { ...createLinuxHost({ root: '/' }), echo }
}

test('loss and times are those of all echoes to the target', async () => {
  const times = [3, undefined, 1, 5]
  const [outcome] = await runChecks(ping, ['host=10.0.0.1,count=4'], { host: hostThat(async () => times.shift()) })
  expect(outcome).toMatchObject({
    values: { 'ping.loss': 25, 'ping.min': 1, 'ping.avg': 3, 'ping.max': 5 },
    reason: '3 of 4 replies from 10.0.0.1',
  })
})

test('no reply at all is a loss of 100 and no times', async () => {
  const asked: [string, number][] = []
  const host = hostThat(async (address, timeoutMs) => void asked.push([address, timeoutMs]))
  const [outcome] = await runChecks(ping, ['host=10.0.0.1,count=2,timeout=3'], { host })
  expect(outcome).toMatchObject({ values: { 'ping.loss': 100 }, reason: 'no reply from 10.0.0.1 in 3 s' })
  expect(asked).toEqual([
    ['10.0.0.1', 3000],
    ['10.0.0.1', 3000],
  ])
})

test('what the system cannot send to is lost; that we may not send at all is no value', async () => {
  const host = hostThat((address) =>
    Promise.reject(address === '10.0.0.1' ? new UnreachableError('no route') : new Error('not permitted')),
  )
  expect(await runChecks(ping, ['host=10.0.0.1', 'host=10.0.0.2'], { host })).toMatchObject([
    { values: { 'ping.loss': 100 }, reason: 'no route' },
    { values: {}, reason: 'not permitted' },
  ])
})

test('a name is resolved once for all echoes, to the IP version that is asked for', async () => {
  const asked: string[] = []
  const host = hostThat(async (address) => (asked.push(address), 1))
  await runChecks(ping, ['host=localhost,count=1', 'host=localhost,count=2,ip=6'], { host })
  expect(asked.toSorted()).toEqual(['127.0.0.1', '::1', '::1'])
})

test('a name that cannot be resolved is a loss of 100', async () => {
  const names = createNames({ hostsFile: '/absent', servers: ['127.0.0.1:1'] })
  const host = hostThat(() => expect.fail('an echo was sent'))
  const [outcome] = await runChecks(ping, ['host=absent.example'], { host, names })
  expect(outcome?.values).toEqual({ 'ping.loss': 100 })
  expect(outcome?.reason).toContain('Cannot resolve absent.example: no')
})

test('a count and the other options of their own make another target', () => {
  const target = (tags: string) => ping.read(tags, {})
  expect(target('host=a')).toEqual(target('count=3, host=a ,timeout=1,name=the gateway'))
  expect(target('host=a')).not.toEqual(target('host=a,count=4'))
})

checkContract(
  ping,
  ['host=127.0.0.1', 'host=::1,count=1', 'host=localhost,timeout=2,ip=4,name=me'],
  ['host=', 'count=3', 'host=a,count=0', 'host=a,count=1000', 'host=a,timeout=60', 'host=a,ip=5', 'host=a,cuont=3'],
)
