import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createKernelFiles } from './kernel-files.ts'
import { readTimeServers } from './time-servers.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'time-servers-'))
})
afterEach(() => rm(root, { recursive: true }))

async function configure(path: string, ...lines: string[]): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), `${lines.join('\n')}\n`)
}
const servers = () => readTimeServers(createKernelFiles(root))

test('a host without a time service has none', () => {
  expect(servers()).toEqual([])
})

test('those of chrony, also from its folders', async () => {
  await configure(
    'etc/chrony/chrony.conf',
    '# server commented.example',
    'confdir /etc/chrony/conf.d',
    'pool 2.debian.pool.ntp.org iburst',
    '  Server ntp1.example port 1123 iburst',
    'sourcedir /run/chrony-dhcp /etc/chrony/sources.d',
    'keyfile /etc/chrony/chrony.keys',
  )
  await configure('etc/chrony/sources.d/own.sources', 'server ntp2.example', 'server ntp1.example port 1123')
  await configure('etc/chrony/sources.d/README', 'server readme.example')
  await configure('etc/ntp.conf', 'server other.example')
  expect(servers()).toEqual(['2.debian.pool.ntp.org', 'ntp1.example:1123', 'ntp2.example'])
})

test('those of ntpd, without clocks that are attached to the host', async () => {
  await configure(
    'etc/ntp.conf',
    'server 127.127.1.0',
    'server -4 ntp1.example iburst',
    'restrict default',
    'peer ntp2.example',
  )
  expect(servers()).toEqual(['ntp1.example', 'ntp2.example'])
})

test('those of timesyncd, and its fallbacks where it names no others', async () => {
  await configure('etc/systemd/timesyncd.conf', '[Time]', '#NTP=no.example', 'NTP=', 'FallbackNTP=a.example b.example')
  expect(servers()).toEqual(['a.example', 'b.example'])
  await configure('etc/systemd/timesyncd.conf', '[Time]', 'NTP=c.example', 'FallbackNTP=a.example b.example')
  await configure('etc/systemd/timesyncd.conf.d/site.conf', '[Time]', 'NTP=d.example')
  expect(servers()).toEqual(['c.example', 'd.example'])
})
