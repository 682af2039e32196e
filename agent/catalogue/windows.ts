import { iisCounters } from '../collectors/windows/iis-counters.ts'
import { sqlServerCounters, sqlServerHostCounters } from '../collectors/windows/sql-server-counters.ts'
import { counter, gauge } from './entry.ts'
import type { MetricGroup } from './entry.ts'

/** What is collected on Windows in each step. */
export const windowsMetrics: readonly MetricGroup[] = [
  {
    title: 'Windows: processor',
    tags: [],
    note: 'Shares of the time since the collection before: an average over the step. The first collection has none.',
    metrics: [
      gauge('cpu.idle', '%', 'nothing to do'),
      gauge('cpu.user', '%', 'programs'),
      gauge('cpu.system', '%', 'kernel, interrupts included'),
      gauge('cpu.busy', '%', '100 - cpu.idle; Linux name'),
    ],
  },
  {
    title: 'Windows: memory',
    tags: [],
    note: 'Swap is what programs were promised (the commit charge) of all that memory and page files can hold: where that ends, programs fail. All but the first two are Linux names.',
    metrics: [
      gauge('mem.memused.percent', '%', 'mem.memused of mem.memtotal'),
      gauge('mem.swapused.percent', '%', 'mem.swapused of mem.swaptotal'),
      gauge('mem.memtotal', 'bytes', 'memory of the machine'),
      gauge('mem.memfree', 'bytes', 'unused, or copies of files that can be dropped'),
      gauge('mem.memused', 'bytes', 'mem.memtotal - mem.memfree'),
      gauge('mem.memfree.percent', '%', 'mem.memfree of mem.memtotal'),
      gauge('mem.swaptotal', 'bytes', 'memory and page files'),
      gauge('mem.swapused', 'bytes', 'promised to programs'),
      gauge('mem.swapfree', 'bytes', 'can still be promised'),
      gauge('mem.swapfree.percent', '%', 'mem.swapfree of mem.swaptotal'),
    ],
  },
  {
    title: 'Windows: network adapters, names of Windows-Agent',
    tags: ['interface'],
    note: 'Of the adapters that IP uses, without those that `collector.ifacePrefixIgnore` or `ifaceExclude` names. Blanks in a name are left out of the tag.',
    metrics: [
      counter('net.if.in.mbits', '0.1 Mbit/s', 'received, ten times as large as the name says'),
      counter('net.if.out.mbits', '0.1 Mbit/s', 'sent, ten times as large as the name says'),
      ...['in', 'out'].flatMap((way) => [
        counter(`net.if.${way}.packets`, '1/s', traffic(way)),
        counter(`net.if.${way}.error`, '1/s', traffic(way)),
        counter(`net.if.${way}.drop`, '1/s', traffic(way)),
      ]),
    ],
  },
  {
    title: 'Windows: network adapters, Linux names',
    tags: ['iface'],
    note: 'Of the same adapters.',
    metrics: [
      ...['in', 'out', 'total'].flatMap((way) => [
        counter(`net.if.${way}.bytes`, 'B/s', traffic(way)),
        counter(`net.if.${way}.bits`, 'bit/s', 'bytes x 8'),
        counter(`net.if.${way}.packets`, '1/s', traffic(way)),
        counter(`net.if.${way}.errors`, '1/s', traffic(way)),
        counter(`net.if.${way}.dropped`, '1/s', traffic(way)),
      ]),
      gauge('net.if.speed.bits', 'bit/s', 'link speed; 0 when unknown'),
      counter('net.if.in.percent', '%', 'share of the link speed, 0 when that is unknown'),
      counter('net.if.out.percent', '%', 'share of the link speed, 0 when that is unknown'),
    ],
  },
  {
    title: 'Windows: disks',
    tags: ['device'],
    note:
      'Of each `PhysicalDrive<number>` that Windows keeps count of. The first six are of Windows-Agent, the others have Linux ' +
      'names; their gauges are averages over the step. `read_bytes` and `write_bytes` are COUNTER here and GAUGE on Linux; what is ' +
      'stored and judged is bytes per second either way. With `collector.windowsNames` `linux` they are GAUGE here, too.',
    metrics: [
      counter('disk.io.read_count', '1/s', 'reads completed'),
      counter('disk.io.write_count', '1/s', 'writes completed'),
      counter('disk.io.read_bytes', 'B/s', 'read'),
      counter('disk.io.write_bytes', 'B/s', 'written'),
      counter('disk.io.read_time', 'ms/s', 'time spent by all reads'),
      counter('disk.io.write_time', 'ms/s', 'time spent by all writes'),
      counter('disk.io.read_requests', '1/s', 'reads completed'),
      counter('disk.io.read_sectors', 'sectors/s', '512 bytes each'),
      counter('disk.io.msec_read', 'ms/s', 'time spent by all reads'),
      counter('disk.io.write_requests', '1/s', 'writes completed'),
      counter('disk.io.write_sectors', 'sectors/s', '512 bytes each'),
      counter('disk.io.msec_write', 'ms/s', 'time spent by all writes'),
      counter('disk.io.ios_in_progress', '1/s', 'requests in flight; a gauge by nature, sent as COUNTER as ever'),
      counter('disk.io.msec_weighted_total', 'ms/s', 'time spent by all requests'),
      gauge('disk.io.avgrq_sz', 'sectors', 'size of a request'),
      gauge('disk.io.avgqu-sz', 'requests', 'length of the queue'),
      gauge('disk.io.await', 'ms', 'from a request to its answer'),
      gauge('disk.io.svctm', 'ms', 'busy time for each request'),
      gauge('disk.io.util', '%', 'time with requests in flight'),
    ],
  },
  {
    title: 'Windows: drives, names of Windows-Agent',
    tags: ['disk'],
    note: 'Of fixed and removable drives with a file system, by letter (`disk=C`).',
    metrics: [
      gauge('df.used.percent', '%', 'of df.byte.total'),
      gauge('df.byte.total', 'bytes', 'size'),
      gauge('df.byte.used', 'bytes', 'total - free'),
      gauge('df.byte.free', 'bytes', 'free'),
    ],
  },
  {
    title: 'Windows: drives, Linux names',
    tags: ['fstype', 'mount'],
    note: 'Of the same drives (`mount=C:,fstype=NTFS`).',
    metrics: [
      gauge('df.bytes.total', 'bytes', 'size'),
      gauge('df.bytes.used', 'bytes', 'total - free'),
      gauge('df.bytes.free', 'bytes', 'available to the account of the agent, which may be under a quota'),
      gauge('df.bytes.used.percent', '%', 'used / (used + available)'),
      gauge('df.bytes.free.percent', '%', '100 - df.bytes.used.percent'),
    ],
  },
  {
    title: 'Windows: drives in trouble',
    tags: ['mount'],
    note: 'Sent only while something is wrong.',
    metrics: [
      gauge('df.stuck', '-', '1: no answer in time; it is not asked again until it answers'),
      gauge('df.unreadable', '-', '1: an error instead of an answer, or not asked because another hangs'),
    ],
  },
  {
    title: 'Windows: all drives together',
    tags: [],
    note: 'Sums over those above; Linux names.',
    metrics: [
      gauge('df.statistics.total', 'bytes', 'sum of df.bytes.total'),
      gauge('df.statistics.used', 'bytes', 'sum of df.bytes.used'),
      gauge('df.statistics.used.percent', '%', 'used / total'),
    ],
  },
  {
    title: 'Windows: connections, uptime and restarts',
    tags: [],
    note: 'IPv4 and IPv6 together. Linux names, sent unless `collector.windowsNames` is `windows-agent`.',
    metrics: [
      gauge('ss.estab', 'sockets', 'established, or closed by the other side only'),
      counter('net.tcp.retrans', '1/s', 'segments sent again'),
      counter('snmp.Udp.InDatagrams', '1/s', 'delivered'),
      counter('snmp.Udp.NoPorts', '1/s', 'received for a port nobody is bound to'),
      counter('snmp.Udp.InErrors', '1/s', 'not delivered for other reasons'),
      counter('snmp.Udp.OutDatagrams', '1/s', 'sent'),
      gauge('sys.uptime', 's', 'since the system started'),
      gauge('win.reboot.pending', '-', '1: Windows Update or a part of Windows that was installed waits for a restart'),
    ],
  },
  {
    title: 'Windows: clock',
    tags: [],
    note: 'As on Linux; by itself with the servers that the time service of Windows follows by name. In a domain name some in `collector.ntpServers`.',
    metrics: [
      gauge('sys.ntp.offset', 'ms', 'how far this host is ahead of its time servers; negative when it is behind'),
    ],
  },
  {
    title: 'Windows: services of IIS and SQL Server',
    tags: [],
    note:
      '1 while the service runs, else 0, also when there is no such service; Windows-Agent said 1 for one that is merely installed. ' +
      'Those of a named instance of SQL Server have the tag `instance`. `collector.iis` and `collector.sqlServer` switch them off. Other services: the check `service.state`.',
    metrics: [
      gauge('service.alive', '-', 'IIS: W3SVC'),
      gauge('MSSQLSERVER.alive', '-', 'SQL Server; of a named instance MSSQL$<name>'),
      gauge('SQLServerAgent.alive', '-', 'SQL Server Agent; of a named instance SQLAgent$<name>'),
      gauge('SQLBrowser.alive', '-', 'SQL Server Browser'),
      gauge('ReportServer.alive', '-', 'ReportServer or SQLServerReportingServices'),
      gauge('MSDtsServer.alive', '-', 'Integration Services of any version'),
    ],
  },
  {
    title: 'Windows: IIS and ASP.NET',
    tags: [],
    note: 'Performance counters, read by their English names whatever the language of Windows; absent where there is no IIS, or with `collector.iis` false.',
    metrics: iisCounters.map(({ metric, unit, meaning }) => gauge(metric, unit, meaning)),
  },
  {
    title: 'Windows: SQL Server',
    tags: [],
    note:
      'Performance counters, as above. Each instance of SQL Server has those from `batch_rps` on, the named ones with the tag ' +
      '`instance`. Rates are those of the step. `collector.sqlServer` switches them off.',
    metrics: [...sqlServerHostCounters, ...sqlServerCounters].map(({ metric, unit, meaning }) =>
      gauge(metric, unit, meaning),
    ),
  },
  {
    title: 'Windows: performance counters in trouble',
    tags: [],
    note: 'Each is named once in the log. Whole programs that are not installed do not count.',
    metrics: [gauge('agent.counters.missing', 'counters', 'that Windows does not know or refuses')],
  },
]

function traffic(way: string): string {
  return { in: 'received', out: 'sent' }[way] ?? 'both together'
}
