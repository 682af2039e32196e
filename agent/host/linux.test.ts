import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { mkdir, mkdtemp, open, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { createServer } from 'node:net'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { cpus, loadavg, release, tmpdir, totalmem, uptime } from 'node:os'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFixtureHost } from './fixture-host.ts'
import type { FixtureHost } from './fixture-host.ts'
import { createLinuxHost } from './linux.ts'
import { StuckError } from './slow-calls.ts'

describe('a recorded host', () => {
  let host: FixtureHost
  beforeEach(async () => {
    host = await createFixtureHost()
  })
  afterEach(() => host.remove())

  test('has two processors of the speed that the first one tells', async () => {
    expect(await host.cpuCount()).toBe(2)
    expect(await host.cpuMhz()).toBe('2599.998')
    expect(await host.kernelRelease()).toBe('5.10.0-28-amd64')
    expect(await host.uptimeSeconds()).toBe(356100.23)
  })

  test('listens on the ports of TCP listeners and of UDP sockets, in IPv4 and IPv6, and on no others', async () => {
    expect([...(await host.openPorts())].toSorted((a, b) => a - b)).toEqual([22, 123, 3306, 5353, 8080])
  })

  test('has two connections with an unfinished handshake', async () => {
    expect(await host.synReceived()).toBe(2)
  })

  test('names all its processes, but only programs have arguments', async () => {
    expect([...(await host.processNames())]).toEqual([
      [1, 'systemd'],
      [2, 'kthreadd'],
      [731, 'nginx'],
      [732, 'nginx'],
      [733, 'nginx'],
      [900, 'falcon-graph-qu'],
      [901, 'java'],
    ])
    expect(await host.commandLine(1)).toBe('/lib/systemd/systemd--system')
    expect(await host.commandLine(2)).toBe('')
    expect(await host.commandLine(4194304)).toBe('')
  })

  test('knows the speed of links whose drivers tell it', async () => {
    const speeds = (await host.networkInterfaces(() => true)).map((it) => [it.name, it.speedMbit])
    expect(speeds).toEqual([
      ['lo', undefined],
      ['eth0', 1000],
      ['ens5f1', undefined],
      ['docker0', -1],
      ['veth12ab', undefined],
    ])
  })
})

describe('a host mounted into a container', () => {
  let root: string
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'host-root-'))
    await mkdir(join(root, 'proc/1/net'), { recursive: true })
    await mkdir(join(root, 'proc/net'), { recursive: true })
    await writeFile(join(root, 'proc/mounts'), 'overlay / overlay rw 0 0\n')
    await writeFile(join(root, 'proc/net/netstat'), 'TcpExt: TW\nTcpExt: 1\n')
  })
  afterEach(() => rm(root, { recursive: true }))

  test('is seen with the mounts and networks of its first process, not with those of the container', async () => {
    await writeFile(join(root, 'proc/1/mounts'), '/dev/sda1 / ext4 rw 0 0\n')
    await writeFile(join(root, 'proc/1/net/netstat'), 'TcpExt: TW\nTcpExt: 2\n')
    const host = createLinuxHost({ root })
    expect(await host.mounts()).toEqual([{ source: '/dev/sda1', mountPoint: '/', type: 'ext4' }])
    expect((await host.protocolCounters('netstat', 'TcpExt')).get('TW')).toBe(2)
  })

  test('is seen with its own when those of the first process are not there', async () => {
    const host = createLinuxHost({ root })
    expect(await host.mounts()).toMatchObject([{ source: 'overlay' }])
    expect((await host.protocolCounters('netstat', 'TcpExt')).get('TW')).toBe(1)
  })

  test('has its file systems and folders asked below where it is mounted', async () => {
    await mkdir(join(root, 'data'))
    await writeFile(join(root, 'data/file'), 'x'.repeat(123_456))
    const host = createLinuxHost({ root })
    const data = { source: '/dev/sdb', mountPoint: '/data', type: 'ext4' }
    expect((await host.fileSystem(data)).totalBytes).toBeGreaterThan(0)
    await expect(host.fileSystem({ ...data, mountPoint: '/absent' })).rejects.toThrow('ENOENT')
    expect(await host.treeSize('/data', 30_000)).toBeGreaterThan(123_456)
    expect(await host.treeSize('/data', 30_000)).toBeLessThan(246_912)
  })

  test('a file that cannot be read is named with its reason', async () => {
    const host = createLinuxHost({ root })
    await expect(host.cpuTimes()).rejects.toThrow('Cannot read /proc/stat: ENOENT')
    await expect(host.sockets()).rejects.toThrow('Cannot read /proc/net/sockstat: ENOENT')
    await expect(host.openPorts()).rejects.toThrow('Cannot read /proc/net/tcp: ENOENT')
    await rename(join(root, 'proc'), join(root, 'gone'))
    await symlink('proc', join(root, 'proc'))
    await expect(host.processNames()).rejects.toThrow('Cannot read /proc: ELOOP')
  })

  test('without IPv6 it has its IPv4 sockets', async () => {
    await writeFile(join(root, 'proc/net/sockstat'), 'TCP: inuse 1 orphan 0 tw 0 alloc 3 mem 1\n')
    await writeFile(join(root, 'proc/net/snmp'), 'Tcp: CurrEstab\nTcp: 1\n')
    await writeFile(join(root, 'proc/net/tcp'), '   0: 00000000:0016 00000000:0000 0A 0\n')
    await writeFile(join(root, 'proc/net/udp'), '')
    const host = createLinuxHost({ root })
    expect(await host.sockets()).toEqual({ established: 1, closed: 2, orphaned: 0, timeWait: 0 })
    expect(await host.openPorts()).toEqual(new Set([22]))
    expect(await host.synReceived()).toBe(0)
  })

  test('with more sockets than are worth counting, the unfinished handshakes are unknown', async () => {
    const row = '   0: 0A00000A:0016 0B00000A:C001 03 00000000:00000000\n'
    await writeFile(join(root, 'proc/net/tcp'), row.repeat(5000))
    expect(await createLinuxHost({ root }).synReceived()).toBe(5000)
    await writeFile(join(root, 'proc/net/tcp'), row.repeat(5001))
    expect(await createLinuxHost({ root }).synReceived()).toBeUndefined()
  })

  test('listeners are found although a hundred thousand connections follow, which are not read', async () => {
    const listener = '   0: 00000000:0016 00000000:0000 0A 00000000:00000000\n'
    const connection = '   1: 0A00000A:C000 0B00000A:C001 01 00000000:00000000\n'
    await writeFile(
      join(root, 'proc/net/tcp'),
      `heading\n${listener}${connection.repeat(100_000)}${listener.replace('0016', '0017')}`,
    )
    await writeFile(join(root, 'proc/net/udp'), '')
    expect(await createLinuxHost({ root }).openPorts()).toEqual(new Set([22]))
  })
})

describe('a host whose files do not answer', () => {
  let root: string
  let writer: FileHandle
  /** A pipe that somebody could write into hangs whoever reads it, as a dead server or a stuck process does. */
  const hang = async (path: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true })
    execFileSync('sh', ['-c', 'mkfifo "$0"', join(root, path)])
    writer = await open(join(root, path), 'r+')
  }
  const answer = async () => {
    await writer.write('at last\n')
    await writer.close()
  }
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'hung-root-'))
  })
  afterEach(() => rm(root, { recursive: true }))

  test('tells which it waits for, does not ask again, and goes on when the answer comes', async () => {
    await hang('proc/42/cmdline')
    const host = createLinuxHost({ root, answerMs: 20 })
    await expect(host.commandLine(42)).rejects.toThrow(StuckError)
    await expect(host.commandLine(42)).rejects.toThrow('Cannot get an answer from /proc/42/cmdline')
    expect(host.unanswered()).toEqual(['/proc/42/cmdline'])

    await answer()
    await expect.poll(() => host.unanswered()).toEqual([])
  })

  test('still has its interfaces when a driver hangs, and its file systems as well', async () => {
    await hang('sys/class/net/eth0/speed')
    await mkdir(join(root, 'proc/net'), { recursive: true })
    await writeFile(join(root, 'proc/net/dev'), 'eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n')
    const host = createLinuxHost({ root, answerMs: 200 })
    expect(await host.networkInterfaces(() => true)).toMatchObject([{ name: 'eth0', speedMbit: undefined }])
    expect(host.unanswered()).toEqual(['/sys/class/net/eth0/speed'])
    for (const source of ['nfs01:/export', '/dev/sda1']) {
      expect((await host.fileSystem({ source, mountPoint: '/', type: 'x' })).totalBytes).toBeGreaterThan(0)
    }
    await answer()
    await expect.poll(() => host.unanswered()).toEqual([])
  })
})

describe('this machine', () => {
  const host = createLinuxHost({ root: '/' })

  test('is as Node sees it', async () => {
    expect(await host.cpuCount()).toBe(cpus().length)
    expect(await host.kernelRelease()).toBe(release())
    expect((await host.memory()).total).toBe(totalmem())
    expect(Math.abs((await host.uptimeSeconds()) - uptime())).toBeLessThan(5)
    const [oneMinute] = loadavg()
    expect(Math.abs((await host.loadAverage()).oneMinute - (oneMinute ?? 0))).toBeLessThan(2)
  })

  test('runs this process under its name, with its arguments', async () => {
    expect((await host.processNames()).has(process.pid)).toBe(true)
    const own = await readFile('/proc/self/cmdline', 'utf8')
    expect(await host.commandLine(process.pid)).toBe(own.replaceAll('\0', ''))
  })

  test('shows what this process takes, and nothing of one that is not there', async () => {
    const { cpuSeconds, residentBytes, threads, started } = (await host.processUse(process.pid)) ?? expect.fail('gone')
    const { user, system } = process.cpuUsage()
    expect(Math.abs(cpuSeconds - (user + system) / 1e6)).toBeLessThan(5)
    expect(residentBytes / process.memoryUsage.rss()).toBeCloseTo(1, 0)
    expect(threads).toBeGreaterThan(1)
    expect(started).toBeGreaterThan(0)
    const open = (await host.openFiles(process.pid)) ?? expect.fail('gone')
    // Others in this process open and close some meanwhile.
    expect(Math.abs(open - readdirSync('/proc/self/fd').length)).toBeLessThan(20)
    expect(await host.processUse(4_194_304)).toBeUndefined()
    expect(await host.openFiles(4_194_304)).toBeUndefined()
  })

  test('listens where we listen, and no longer when we have stopped', async () => {
    const tcp = createServer().listen(0, '127.0.0.1')
    const udp = createSocket('udp6').bind(0, '::1')
    await Promise.all([once(tcp, 'listening'), once(udp, 'listening')])
    const tcpPort = (tcp.address() as AddressInfo).port
    const udpPort = udp.address().port
    const open = await host.openPorts()
    expect(open).toContain(tcpPort)
    expect(open).toContain(udpPort)
    tcp.close()
    await once(tcp, 'close')
    expect(await host.openPorts()).not.toContain(tcpPort)
    udp.close()
  })
})
