import { pino } from 'pino'
import { expect, test } from 'vitest'
import { findMetric } from '../../catalogue/catalogue.ts'
import { agentConfig } from '../../config.ts'
import { createFixtureWindowsHost } from '../../host/windows/fixture-host.ts'
import type { CollectedSample } from '../collector.ts'
import { createWindowsCollectors } from './index.ts'
import type { WindowsNames } from './names.ts'

const log = pino({ enabled: false })

/** What is sent a minute after the start, counters of IIS and SQL Server aside. */
async function secondRound(windowsNames: WindowsNames): Promise<CollectedSample[]> {
  const host = createFixtureWindowsHost()
  const { collector } = agentConfig.parse({ collector: { windowsNames } })
  const collectors = createWindowsCollectors(host, collector, log)
  for (const it of collectors) await it.collect()
  host.passMinute()
  return (await Promise.all(collectors.map((it) => it.collect()))).flat()
}

const lines = (samples: readonly CollectedSample[]) =>
  samples.map((it) => [it.metric, it.counterType, it.tags, it.value].join(' '))

const gib = 2 ** 30

/** The basic group of Windows-Agent 1.0.6: its names, types and tags. */
const basic = [
  'agent.alive GAUGE  1',
  'cpu.user GAUGE  30',
  'cpu.system GAUGE  20',
  'cpu.idle GAUGE  50',
  'mem.memused.percent GAUGE  75',
  'mem.swapused.percent GAUGE  25',
  'df.used.percent GAUGE disk=C 75',
  `df.byte.total GAUGE disk=C ${100 * gib}`,
  `df.byte.used GAUGE disk=C ${75 * gib}`,
  `df.byte.free GAUGE disk=C ${25 * gib}`,
  'df.used.percent GAUGE disk=F 0',
  `df.byte.total GAUGE disk=F ${300 * gib}`,
  'df.byte.used GAUGE disk=F 0',
  `df.byte.free GAUGE disk=F ${300 * gib}`,
  'disk.io.read_count COUNTER device=PhysicalDrive0 160',
  'disk.io.write_count COUNTER device=PhysicalDrive0 440',
  `disk.io.read_bytes COUNTER device=PhysicalDrive0 ${1024 ** 2 + 600 * 512}`,
  `disk.io.write_bytes COUNTER device=PhysicalDrive0 ${2 * 1024 ** 2 + 5400 * 512}`,
  'disk.io.read_time COUNTER device=PhysicalDrive0 16000',
  'disk.io.write_time COUNTER device=PhysicalDrive0 50000',
  'net.if.in.mbits COUNTER interface=LocalAreaConnection 800',
  'net.if.out.mbits COUNTER interface=LocalAreaConnection 160',
  'net.if.in.packets COUNTER interface=LocalAreaConnection 1000',
  'net.if.out.packets COUNTER interface=LocalAreaConnection 800',
  'net.if.in.error COUNTER interface=LocalAreaConnection 6',
  'net.if.out.error COUNTER interface=LocalAreaConnection 2',
  'net.if.in.drop COUNTER interface=LocalAreaConnection 5',
  'net.if.out.drop COUNTER interface=LocalAreaConnection 1',
  ...['in.mbits', 'out.mbits', 'in.packets', 'out.packets', 'in.error', 'out.error', 'in.drop', 'out.drop'].map(
    (name) => `net.if.${name} COUNTER interface=以太网2 0`,
  ),
]

/** Its services; those of named instances of SQL Server it does not have. */
const services = [
  'service.alive GAUGE  1',
  'MSDtsServer.alive GAUGE  1',
  'ReportServer.alive GAUGE  0',
  'SQLServerAgent.alive GAUGE  0',
  'SQLBrowser.alive GAUGE  0',
  'MSSQLSERVER.alive GAUGE  1',
]
const beyond = new Set(['agent.counters.missing'])

test('with the names of Windows-Agent everything it sends is sent, and nothing else but named instances', async () => {
  const samples = await secondRound('windows-agent')
  const its = samples.filter((it) => !beyond.has(it.metric) && !it.tags.startsWith('instance='))
  expect(lines(its).toSorted()).toEqual([...basic, ...services].toSorted())
})

test('with both names everything of Windows-Agent is there unchanged, beside what Linux has', async () => {
  const both = lines(await secondRound('both'))
  expect(both).toEqual(expect.arrayContaining([...basic, ...services]))
  expect(both).toEqual(expect.arrayContaining(shared))
  expect(both.filter((line) => line.startsWith('disk.io.read_bytes '))).toHaveLength(1)
})

/** Under Linux names, the same with `both` and `linux`. */
const shared = [
  'cpu.busy GAUGE  50',
  'mem.memtotal GAUGE  8192000000',
  'mem.memfree GAUGE  2048000000',
  'mem.swapfree.percent GAUGE  75',
  'net.if.in.bytes COUNTER iface=LocalAreaConnection 10000000',
  'net.if.total.packets COUNTER iface=LocalAreaConnection 1800',
  'net.if.total.errors COUNTER iface=LocalAreaConnection 8',
  'net.if.in.dropped COUNTER iface=LocalAreaConnection 5',
  'net.if.out.bits COUNTER iface=LocalAreaConnection 16000000',
  'net.if.speed.bits GAUGE iface=LocalAreaConnection 1000000000',
  'net.if.in.percent COUNTER iface=LocalAreaConnection 8',
  'net.if.in.percent COUNTER iface=以太网2 0',
  // A quota leaves 20 GiB of the 25 that are free.
  `df.bytes.free GAUGE fstype=NTFS,mount=C: ${20 * gib}`,
  `df.bytes.used.percent GAUGE fstype=NTFS,mount=C: ${7500 / 95}`,
  `df.bytes.free.percent GAUGE fstype=NTFS,mount=C: ${100 - 7500 / 95}`,
  `df.statistics.total GAUGE  ${400 * gib}`,
  'df.statistics.used.percent GAUGE  18.75',
  'disk.io.read_requests COUNTER device=PhysicalDrive0 160',
  'disk.io.read_sectors COUNTER device=PhysicalDrive0 2648',
  'disk.io.msec_weighted_total COUNTER device=PhysicalDrive0 66000',
  'disk.io.ios_in_progress COUNTER device=PhysicalDrive0 1',
  'disk.io.avgrq_sz GAUGE device=PhysicalDrive0 20',
  'disk.io.avgqu-sz GAUGE device=PhysicalDrive0 0.6',
  'disk.io.await GAUGE device=PhysicalDrive0 120',
  'disk.io.svctm GAUGE device=PhysicalDrive0 50',
  'disk.io.util GAUGE device=PhysicalDrive0 25',
  'ss.estab GAUGE  42',
  'net.tcp.retrans COUNTER  1010',
  'snmp.Udp.InDatagrams COUNTER  110',
  'sys.uptime GAUGE  3600',
  'win.reboot.pending GAUGE  0',
]

test('with Linux names no name of Windows-Agent is left, and what it counts is averaged as on Linux', async () => {
  const samples = await secondRound('linux')
  const linux = lines(samples)
  expect(linux).toEqual(expect.arrayContaining(shared))
  expect(linux).toContain('disk.io.read_bytes GAUGE device=PhysicalDrive0 5120')
  expect(linux).toContain('disk.io.write_bytes GAUGE device=PhysicalDrive0 46080')
  const foreign =
    /^(?:df\.byte\.|df\.used\.percent|disk\.io\.(?:read|write)_(?:count|time)|net\.if\.\w+\.(?:mbits|error|drop))$/
  expect(samples.filter((it) => foreign.test(it.metric) || it.tags.startsWith('interface='))).toEqual([])
})

test.each(['windows-agent', 'linux', 'both'] as const)(
  'with names "%s" no series comes twice, and all are in the catalogue with type and tags',
  async (names) => {
    const samples = await secondRound(names)
    const series = samples.map((it) => `${it.metric}/${it.tags}`)
    expect(series).toEqual([...new Set(series)])
    for (const { metric, counterType, tags } of samples) {
      const keys = tags === '' ? [] : tags.split(',').map((tag) => tag.slice(0, tag.indexOf('=')))
      const own = keys.filter((key) => key !== 'instance')
      const { entry, group } = findMetric(metric, 'windows', own) ?? expect.fail(`${metric} is not in the catalogue`)
      expect(own, metric).toEqual(group.tags)
      const isRate = names === 'linux' && /^disk\.io\.(?:read|write)_bytes$/.test(metric)
      expect(counterType, metric).toBe(isRate ? 'GAUGE' : entry.counterType)
    }
  },
)

test('the metrics that have another type on Linux are the two that the setting is about', async () => {
  const samples = await secondRound('both')
  const differing = samples.filter((it) => {
    const linux = findMetric(it.metric, 'linux')
    return linux !== undefined && linux.entry.counterType !== it.counterType
  })
  expect(differing.map((it) => it.metric)).toEqual(['disk.io.read_bytes', 'disk.io.write_bytes'])
})

test('the first collection has all but averages', async () => {
  const host = createFixtureWindowsHost()
  const { collector } = agentConfig.parse({})
  const collectors = createWindowsCollectors(host, collector, log)
  const known = new Set((await Promise.all(collectors.map((it) => it.collect()))).flat().map((it) => it.metric))
  host.passMinute()
  const second = (await Promise.all(collectors.map((it) => it.collect()))).flat()
  const averages = /^(?:cpu\.|disk\.io\.(?:avg|await|svctm|util))/
  expect(second.filter((it) => !known.has(it.metric)).every((it) => averages.test(it.metric))).toBe(true)
})
