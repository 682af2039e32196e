import { expect, test } from 'vitest'
import { counter, gauge } from '../collectors/collector.ts'
import type { LinuxHost } from '../host/linux/host.ts'
import { createLastValues } from '../last-values.ts'
import type { AgentRequest } from './server.ts'
import { readableSize, systemRoutes } from './system-routes.ts'

const request: AgentRequest = {
  method: 'GET',
  query: new URLSearchParams(),
  address: '127.0.0.1',
  headers: {},
  hasBody: false,
  body: async () => undefined,
}

/** Asks the routes of a host of which only some calls are ever made. */
async function ask(path: string, host: Partial<LinuxHost>, lastValues = createLastValues(1e9)): Promise<unknown> {
  const routes = systemRoutes({ host: host as LinuxHost, lastValues, hostname: () => 'h', now: () => 0 })
  const answer = await routes[path]?.(request)
  return JSON.parse(String(answer?.body))
}

test('file systems are shown as collected, one line a mount', async () => {
  const lastValues = createLastValues(1e9)
  const tags = 'fstype=ext4,mount=/'
  lastValues.record(
    [
      gauge('df.bytes.total', 252 * 2 ** 30, tags),
      gauge('df.bytes.used', 29.3 * 2 ** 30, tags),
      gauge('df.bytes.free', 72.2 * 2 ** 30, tags),
      gauge('df.bytes.used.percent', 28.9, tags),
      gauge('df.inodes.total', 2 ** 24, tags),
      gauge('df.inodes.used', 546_508, tags),
      gauge('df.inodes.free', 2 ** 24 - 546_508, tags),
      gauge('df.inodes.used.percent', 3.26, tags),
    ],
    1000,
  )
  const mounts = async () => [
    { source: 'proc', mountPoint: '/proc', type: 'proc' },
    { source: '/dev/vda', mountPoint: '/', type: 'ext4' },
    { source: '/dev/vda', mountPoint: '/', type: 'ext4' },
  ]
  expect(await ask('/page/df', { mounts }, lastValues)).toEqual({
    msg: 'success',
    data: [['/dev/vda', '252.0G', '29.3G', '72.2G', '28.9%', '/', '16.0M', '533.7K', '15.5M', '3.3%', 'ext4']],
  })
})

test('disks are shown per second', async () => {
  const lastValues = createLastValues(1e9)
  const reading = (requests: number) => [
    counter('disk.io.read_requests', requests, 'device=vda'),
    counter('disk.io.read_sectors', requests * 8, 'device=vda'),
    gauge('disk.io.util', 12.345, 'device=vda'),
  ]
  lastValues.record(reading(100), 0)
  lastValues.record(reading(150), 10_000)
  expect(await ask('/page/diskio', {}, lastValues)).toEqual({
    msg: 'success',
    data: [['vda', '0', '0', '5', '0', '20.00', '0.00', '0.00', '0.00', '0.00', '0.00', '12.35%']],
  })
})

test('load is shown beside its share of all processors, time since boot in its parts', async () => {
  const host: Partial<LinuxHost> = {
    cpuCount: async () => 2,
    loadAverage: async () => ({
      oneMinute: 0.16,
      fiveMinutes: 0.45,
      fifteenMinutes: 0.64,
      runningTasks: 2,
      totalTasks: 256,
    }),
    uptimeSeconds: async () => 86_400 + 2 * 3600 + 3 * 60 + 59,
  }
  expect(await ask('/page/system/loadavg', host)).toMatchObject({
    data: [
      [0.16, 8],
      [0.45, 22],
      [0.64, 32],
    ],
  })
  expect(await ask('/page/system/uptime', host)).toMatchObject({ data: '1 days 2 hours 3 minutes' })
})

test('what the host cannot tell is said in place of data', async () => {
  expect(await ask('/proc/cpu/mhz', { cpuMhz: async () => undefined })).toEqual({
    msg: 'this kernel does not tell the MHz of its processors',
  })
  expect(
    await ask('/proc/memory', {
      memory: async () => {
        throw new Error('Cannot read /proc/meminfo: gone')
      },
    }),
  ).toEqual({ msg: 'Cannot read /proc/meminfo: gone' })
  expect(await ask('/proc/cpu/usage', {})).toEqual({ msg: 'not prepared' })
})

test('sizes change their unit at 1024', () => {
  expect([0, 1023, 1024, 2 ** 20, 1.5 * 2 ** 40].map(readableSize)).toEqual(['0.0B', '1023.0B', '1.0K', '1.0M', '1.5T'])
})
