import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createWindowsHost } from './windows.ts'
import { createFixtureWindowsHost } from './windows/fixture-host.ts'
import { createFixtureWin32 } from './windows/fixture-win32.ts'
import { parseDiskNames } from './windows/storage.ts'
import type { Win32 } from './windows/win32.ts'

const gib = 2 ** 30

function hostWith(changes: Partial<Win32>) {
  const win32 = { ...createFixtureWin32(createFixtureWindowsHost().state), ...changes }
  return createWindowsHost({ win32, answerMs: 20 })
}

test('kernel time is told without the idle time that Windows counts into it', async () => {
  expect(await createFixtureWindowsHost().cpuTimes()).toEqual({ idle: 1e10, system: 0.5e10, user: 0.5e10 })
})

test('memory is told in bytes, whatever the size of a page', async () => {
  const page = 4096
  expect(await createFixtureWindowsHost().memory()).toEqual({
    total: 2_000_000 * page,
    available: 500_000 * page,
    committed: 1_000_000 * page,
    commitLimit: 4_000_000 * page,
  })
})

test('drives are the fixed and the removable ones, without the floppy drive, which takes seconds to answer', async () => {
  const host = createFixtureWindowsHost()
  expect(await host.drives()).toEqual(['C', 'E', 'F'])
  expect(await host.volume('C')).toEqual({ fileSystem: 'NTFS', available: 20 * gib, total: 100 * gib, free: 25 * gib })
  expect(await host.volume('E')).toBeUndefined()
})

test('a volume without file system is none', async () => {
  const host = hostWith({ volume: async () => ({ fileSystem: '', sizes: Buffer.alloc(24) }) })
  expect(await host.volume('C')).toBeUndefined()
})

test('a drive that does not answer is told as stuck, named as unanswered, and holds up neither services nor ports', async () => {
  const host = hostWith({ volume: () => new Promise(() => undefined) })
  await expect(host.volume('C')).rejects.toThrow('Cannot get an answer from drive C:')
  expect(host.unanswered()).toEqual(['drive C:'])
  expect((await host.services()).size).toBe(6)
  expect(await host.openPorts()).toContain(3389)
})

test('disks are told as far as Windows counts them, times in milliseconds', async () => {
  expect(await createFixtureWindowsHost().disks()).toEqual({
    atMs: 1000,
    disks: [
      {
        name: 'PhysicalDrive0',
        bytesRead: 1024 ** 2,
        bytesWritten: 2 * 1024 ** 2,
        readMs: 10_000,
        writeMs: 20_000,
        idleMs: 900_000,
        reads: 100,
        writes: 200,
        queueLength: 3,
      },
    ],
  })
})

test('disks are found whatever their numbers, and told in their order', () => {
  expect(parseDiskNames('C:\0PhysicalDrive10\0PhysicalDrive2\0PhysicalDriveX\0')).toEqual([
    'PhysicalDrive2',
    'PhysicalDrive10',
  ])
})

test('adapters have the names of the control panel; loopback and what is gone meanwhile are left out', async () => {
  const adapters = await createFixtureWindowsHost().adapters(() => true)
  expect(adapters.map((adapter) => adapter.name)).toEqual([
    'Local Area Connection',
    '以太网 2',
    'Teredo Tunneling Pseudo-Interface',
  ])
  expect(adapters[0]).toEqual({
    name: 'Local Area Connection',
    bitsPerSecond: 1_000_000_000,
    in: { bytes: 10_000_000, packets: 1000, dropped: 5, errors: 6 },
    out: { bytes: 2_000_000, packets: 800, dropped: 1, errors: 2 },
  })
  expect(adapters[1]?.bitsPerSecond).toBe(0)
})

test('a host without adapters has none', async () => {
  const host = hostWith({ adapters: () => ({ bytes: Buffer.alloc(448), address: 0n }) })
  expect(await host.adapters(() => true)).toEqual([])
})

test('open ports are those of TCP and UDP, IPv4 and IPv6', async () => {
  expect(await createFixtureWindowsHost().openPorts()).toEqual(new Set([80, 3389, 445, 53, 5353]))
})

test('connections of IPv4 and IPv6 are added up', async () => {
  expect(await createFixtureWindowsHost().connections()).toEqual({
    established: 42,
    tcpSegmentsRetransmitted: 1010,
    udpIn: 110,
    udpNoPorts: 3,
    udpInErrors: 3,
    udpOut: 99,
  })
})

test('a program that may not be asked for its command line has its name, one that is gone has none', async () => {
  const host = createFixtureWindowsHost()
  expect((await host.processNames()).get(900)).toBe('sqlservr.exe')
  expect(await host.commandLine(900)).toContain('-sREPORTS')
  expect(await host.commandLine(4)).toBe('System')
  expect(await host.commandLine(12_345)).toBe('')
})

test('a program is named with or without .exe, in whichever letters', () => {
  const { isNamed } = createFixtureWindowsHost()
  expect(['sqlservr.exe', 'SQLSERVR.EXE', 'sqlservr'].every((wanted) => isNamed('SqlServr.exe', wanted))).toBe(true)
  expect(['sql', 'servr.exe', 'sqlservr.exe.exe'].some((wanted) => isNamed('sqlservr.exe', wanted))).toBe(false)
})

test('services are found however their name is written, with whether they run', async () => {
  const services = await createFixtureWindowsHost().services()
  expect(services.get('w3svc')).toEqual({ name: 'W3SVC', running: true })
  expect(services.get('spooler')?.running).toBe(false)
})

test('instances of SQL Server are those of the registry; without it there are none', async () => {
  expect(await createFixtureWindowsHost().sqlServerInstances()).toEqual(['MSSQLSERVER', 'REPORTS'])
  expect(await hostWith({ registryValues: () => undefined }).sqlServerInstances()).toEqual([])
})

test('a restart is pending while either key says so, even one without values', async () => {
  const host = createFixtureWindowsHost()
  expect(await host.rebootPending()).toBe(false)
  const key = String.raw`SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending`
  host.state.registry[key] = []
  expect(await host.rebootPending()).toBe(true)
})

test('time servers are those that Windows follows by name, none in a domain', () => {
  const host = createFixtureWindowsHost()
  expect(host.timeServers()).toEqual([])
  const key = String.raw`SYSTEM\CurrentControlSet\Services\W32Time\Parameters`
  host.state.texts[String.raw`${key}\NtpServer`] = 'time.windows.com,0x9  ntp.example,0x1'
  host.state.texts[String.raw`${key}\Type`] = 'NT5DS'
  expect(host.timeServers()).toEqual([])
  host.state.texts[String.raw`${key}\Type`] = 'NTP'
  expect(host.timeServers()).toEqual(['time.windows.com', 'ntp.example'])
})

test('processors, uptime and the size of a folder', async () => {
  const host = createFixtureWindowsHost()
  expect(await host.cpuCount()).toBe(4)
  expect(await host.uptimeSeconds()).toBe(3600.5)
  const folder = await mkdtemp(join(tmpdir(), 'windows-host-'))
  try {
    const empty = await host.treeSize(folder, 5000)
    await writeFile(join(folder, 'file'), 'x'.repeat(1000))
    expect((await host.treeSize(folder, 5000)) - empty).toBe(1000)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('what a process takes is told while it lives and may be asked', async () => {
  const host = createFixtureWindowsHost()
  expect(await host.processUse(800)).toEqual({ started: 1_000_000, cpuSeconds: 7, residentBytes: gib, threads: 7 })
  expect(await host.openFiles(800)).toBe(900)
  expect(await host.processUse(4)).toBeUndefined()
  expect(await host.openFiles(4)).toBeUndefined()
})

test('a service runs or not; one that there is not does not run', async () => {
  const host = createFixtureWindowsHost()
  expect(await host.serviceRunning('w3svc')).toBe(true)
  expect(await host.serviceRunning('Spooler')).toBe(false)
  expect(await host.serviceRunning('nowhere')).toBe(false)
})
