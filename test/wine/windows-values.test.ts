import { mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { projectRoot } from '#lib/module'
import { findMetric } from '../../agent/catalogue/catalogue.ts'
import { parseMemory } from '../../agent/host/linux/memory.ts'
import { parseNetDev } from '../../agent/host/linux/network.ts'
import { openWine } from './stand.ts'
import type { WindowsValues } from './windows-values.ts'

/** What Linux says: Wine shows the machine that it runs on. */
const linux = () => ({
  memory: parseMemory(readFileSync('/proc/meminfo', 'utf8')),
  interfaces: parseNetDev(readFileSync('/proc/net/dev', 'utf8'), (name) => name !== 'lo'),
  uptimeSeconds: Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]),
  disk: statfsSync(projectRoot),
})

let values: WindowsValues
let before: ReturnType<typeof linux>
let after: ReturnType<typeof linux>
const server = createServer()
const room = mkdtempSync(join(tmpdir(), 'windows-values-'))

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  const wine = await openWine()
  const file = join(room, 'values.json')
  try {
    before = linux()
    await wine.run(join(projectRoot, 'test/wine/windows-values.ts'), file, '2')
    after = linux()
  } finally {
    wine.remove()
  }
  values = JSON.parse(readFileSync(file, 'utf8')) as WindowsValues
})
afterAll(() => {
  server.close()
  rmSync(room, { recursive: true, force: true })
})

const value = (metric: string, tags = '') =>
  values.samples.find((sample) => sample.metric === metric && sample.tags === tags)?.value ??
  expect.fail(`no ${metric} ${tags}`)

/** Of a number that only grows: not less than before and not more than after, but for what is rounded. */
function expectBetween(actual: number, low: number, high: number, slack = 0): void {
  expect(actual).toBeGreaterThanOrEqual(low - slack)
  expect(actual).toBeLessThanOrEqual(high + slack)
}

test('memory is that of the machine', () => {
  expectBetween(value('mem.memtotal'), before.memory.total, before.memory.total, 4096)
  const available = (at: typeof before) => at.memory.available ?? at.memory.free
  const low = Math.min(available(before), available(after))
  const high = Math.max(available(before), available(after))
  expectBetween(value('mem.memfree'), low, high, before.memory.total / 10)
})

test('traffic of each interface is what Linux counts, under both names', () => {
  expect(before.interfaces.length).toBeGreaterThan(0)
  for (const [i, earlier] of before.interfaces.entries()) {
    const later = after.interfaces[i] ?? expect.fail(`${earlier.name} is gone`)
    expectBetween(value('net.if.in.bytes', `iface=${earlier.name}`), earlier.in.bytes, later.in.bytes)
    expectBetween(value('net.if.out.bytes', `iface=${earlier.name}`), earlier.out.bytes, later.out.bytes)
    const tenths = (bytes: number) => Math.floor((bytes * 8) / 100_000)
    const mbits = value('net.if.in.mbits', `interface=${earlier.name}`)
    expectBetween(mbits, tenths(earlier.in.bytes), tenths(later.in.bytes))
  }
})

test('the drive C: is as large and as full as the disk it lies on', () => {
  const { blocks, bavail, bsize } = before.disk
  expect(value('df.byte.total', 'disk=C')).toBe(blocks * bsize)
  expectBetween(
    value('df.bytes.free', 'fstype=NTFS,mount=C:'),
    bavail * bsize,
    after.disk.bavail * bsize,
    blocks * bsize * 0.05,
  )
})

test('processor time adds up; processors and uptime are those of the machine', () => {
  expect(value('cpu.idle') + value('cpu.user') + value('cpu.system')).toBeCloseTo(100, 6)
  expect(values.processors).toBe(availableParallelism())
  expectBetween(values.uptimeSeconds, before.uptimeSeconds, after.uptimeSeconds, 2)
})

test('a port that Linux listens on is open', () => {
  expect(values.ports).toContain((server.address() as AddressInfo).port)
})

test('a process is known by its program, its arguments and what it takes', () => {
  const { name, commandLine, use, handles, rssBytes, cpuSeconds } = values.self
  expect(name).toBe('node.exe')
  expect(commandLine).toMatch(/script\.cjs"? .*values\.json"? 2$/)
  expect(use?.cpuSeconds).toBeGreaterThan(0)
  expectBetween(use?.cpuSeconds ?? 0, 0, cpuSeconds, 0.1)
  expectBetween(use?.residentBytes ?? 0, rssBytes * 0.5, rssBytes * 2)
  expect(use?.threads).toBeGreaterThan(1)
  expect(handles).toBeTypeOf('number')
})

test('services are listed with whether they run, and can be asked for by name', () => {
  const services = new Map(values.services)
  expect(services.get('plugplay')).toBe(true)
  expect(services.get('spooler')).toBe(false)
  expect(values.runs).toEqual({ plugPlay: true, nowhere: false })
  expect(value('service.alive')).toBe(0)
})

test('an echo comes back from this machine, and none from an address that nobody has', () => {
  expect(values.echo.self).toBeGreaterThan(0)
  expect(values.echo.nobody).toBeUndefined()
})

test('the registry is read; a key that there is not is told from an empty one', () => {
  expect(values.registryValues).toContain('CurrentVersion')
  expect(values.missingKey).toBeUndefined()
  expect(values.text).toMatch(/^\d+$/)
  expect(values.missingText).toBeUndefined()
})

test('performance counters are opened and read, and one that there is not is refused', () => {
  expect(values.counterStatus).toEqual({ known: 0, unknown: 0xc0000bb9, collect: 0 })
  expect(value('agent.counters.missing')).toBeGreaterThan(0)
})

test('every sample is in the catalogue of Windows', () => {
  expect(values.samples.length).toBeGreaterThan(50)
  for (const { metric, counterType, value } of values.samples) {
    expect(findMetric(metric, 'windows')?.entry.counterType, metric).toBe(counterType)
    expect(value, metric).toSatisfy(Number.isFinite)
  }
})

test('no program is started for any of it', () => {
  expect(values.started).toEqual([])
})
