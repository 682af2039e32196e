import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mergeReload, projectRoot } from '#lib/module'
import { agentConfig } from './config.ts'
import { endpointName } from './identity.ts'
import { hbsPeers, transferPeers } from './peers.ts'
import { reloadable } from './reload.ts'

/** A file as falcon-plus' agent has it: its keys, its types. */
const old = {
  debug: true,
  hostname: '',
  ip: '',
  plugin: { enabled: false, dir: './plugin', git: 'https://git.example/plugin.git', logs: './logs' },
  heartbeat: { enabled: true, addr: '127.0.0.1:6030', interval: 60, timeout: 1000 },
  transfer: { enabled: true, addrs: ['127.0.0.1:8433', '127.0.0.1:8433'], interval: 60, timeout: 1000 },
  http: { enabled: true, listen: ':1988', backdoor: false },
  collector: { ifacePrefix: ['eth', 'em'], mountPoint: [] },
  default_tags: {},
  ignore: { 'cpu.busy': true, 'mem.memused': false },
}

test('a file of Open-Falcon is taken unchanged, and what it does not know gets safe values', () => {
  const config = agentConfig.parse(old)
  expect(config).toMatchObject(old)
  expect(config.http.pushFrom).toBe('trusted')
  expect(config).toMatchObject({ trusted: [], token: '' })
  expect(transferPeers(config)).toEqual(['127.0.0.1:8433'])
})

test('a check of the configuration is read as one of a strategy; one that cannot be read is named, without its password', () => {
  expect(agentConfig.parse({ checks: [{ metric: 'net.port.listen', tags: 'port=22' }] }).checks).toEqual([
    { metric: 'net.port.listen', tags: 'port=22', options: {} },
  ])
  const bad = { checks: [{ metric: 'url.check.health', tags: 'url=http://me:secret@a/' }] }
  const message = agentConfig.safeParse(bad).error?.message
  expect(message).toContain('url.check.health: \\"url=http://***@a/\\" is not url=<url>,timeout=<seconds>')
  expect(message).not.toContain('secret')
})

test('missing and null parts mean the defaults', () => {
  expect(agentConfig.parse({ default_tags: null, ignore: null, transfer: { addrs: null } })).toMatchObject({
    default_tags: {},
    ignore: {},
    transfer: { enabled: false, addrs: [], interval: 60 },
    plugin: { enabled: false },
  })
})

test('the shipped example is complete: each of its members is known, and none is left out', () => {
  const example = JSON.parse(readFileSync(join(projectRoot, 'agent/cfg.example.json'), 'utf8')) as object
  expect(agentConfig.parse(example)).toEqual(example)
})

test('several peers may stand in one text', () => {
  const config = agentConfig.parse({
    heartbeat: { enabled: true, addr: 'a:6030, b:6030' },
    transfer: { enabled: true, addrs: ['a:8433,b:8433', 'c:8433'] },
  })
  expect(hbsPeers(config)).toEqual(['a:6030', 'b:6030'])
  expect(transferPeers(config)).toEqual(['a:8433', 'b:8433', 'c:8433'])
  expect(agentConfig.safeParse({ heartbeat: { addr: 'nonsense' } }).success).toBe(false)
})

test('the endpoint is the configured name, else that of the environment, else that of the system', () => {
  expect(endpointName('a', 'b', 'c')).toBe('a')
  expect(endpointName('', 'b', 'c')).toBe('b')
  expect(endpointName('', '', 'c')).toBe('c')
  expect(endpointName('', undefined, 'c')).toBe('c')
})

test('a reload says what counts at once and what only after a restart', () => {
  const fresh = agentConfig.parse({
    ...old,
    hostname: 'new',
    default_tags: { idc: 'z1' },
    ignore: {},
    transfer: { ...old.transfer, interval: 30 },
    http: { ...old.http, listen: ':1999', backdoor: true },
  })
  const before = agentConfig.parse(old)
  const { changes } = mergeReload(before, fresh, reloadable(before, fresh))
  expect(changes.applied.toSorted()).toEqual([
    'default_tags.idc',
    'hostname',
    'http.backdoor',
    'ignore.cpu.busy',
    'ignore.mem.memused',
    'transfer.interval',
  ])
  expect(changes.needsRestart.toSorted()).toEqual(['http.listen'])
})
