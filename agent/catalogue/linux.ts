import { tcpExtNames } from '../collectors/linux/tcp-ext.ts'
import { counter, gauge } from './entry.ts'
import type { MetricGroup } from './entry.ts'

/** What is collected on Linux in each step. */
export const linuxMetrics: readonly MetricGroup[] = [
  {
    title: 'Processor',
    tags: [],
    note: 'Shares of all ticks since the collection before: an average over the step. The first collection has none.',
    metrics: [
      gauge('cpu.idle', '%', 'nothing to do'),
      gauge('cpu.busy', '%', '100 - cpu.idle, so waiting for disks counts as busy'),
      gauge('cpu.user', '%', 'programs'),
      gauge('cpu.nice', '%', 'programs of low priority'),
      gauge('cpu.system', '%', 'kernel'),
      gauge('cpu.iowait', '%', 'nothing to do but wait for disks'),
      gauge('cpu.irq', '%', 'hardware interrupts'),
      gauge('cpu.softirq', '%', 'software interrupts'),
      gauge('cpu.steal', '%', 'taken by the hypervisor'),
      gauge('cpu.guest', '%', 'virtual machines of this host, also part of cpu.user'),
      counter('cpu.switches', '1/s', 'context switches'),
    ],
  },
  {
    title: 'Load and kernel',
    tags: [],
    note: 'From /proc/loadavg, /proc/uptime, fs.file-max, fs.file-nr and kernel.pid_max.',
    metrics: [
      gauge('load.1min', 'tasks', 'running or waiting for a disk, average of a minute'),
      gauge('load.5min', 'tasks', 'the same of 5 minutes'),
      gauge('load.15min', 'tasks', 'the same of 15 minutes'),
      gauge('sys.uptime', 's', 'since the system started'),
      gauge('kernel.maxfiles', 'files', 'open files the kernel allows'),
      gauge('kernel.maxproc', 'pids', 'process ids the kernel allows'),
      gauge('kernel.files.allocated', 'files', 'file handles in use'),
      gauge('kernel.files.left', 'files', 'kernel.maxfiles - kernel.files.allocated'),
    ],
  },
  {
    title: 'Memory',
    tags: [],
    note: 'Without swap every swap metric is 0, also the free share.',
    metrics: [
      gauge('mem.memtotal', 'bytes', 'MemTotal'),
      gauge('mem.memfree', 'bytes', 'MemAvailable; on kernels without it MemFree + Buffers + Cached'),
      gauge('mem.memused', 'bytes', 'mem.memtotal - mem.memfree'),
      gauge('mem.memfree.percent', '%', 'mem.memfree of mem.memtotal'),
      gauge('mem.memused.percent', '%', 'mem.memused of mem.memtotal'),
      gauge('mem.swaptotal', 'bytes', 'SwapTotal'),
      gauge('mem.swapfree', 'bytes', 'SwapFree'),
      gauge('mem.swapused', 'bytes', 'mem.swaptotal - mem.swapfree'),
      gauge('mem.swapfree.percent', '%', 'mem.swapfree of mem.swaptotal'),
      gauge('mem.swapused.percent', '%', 'mem.swapused of mem.swaptotal'),
    ],
  },
  {
    title: 'Network interfaces',
    tags: ['iface'],
    note: 'Of the interfaces that `collector` names; by itself of all but loopback and those of containers and virtual machines.',
    metrics: [
      ...['in', 'out', 'total'].flatMap((way) => [
        counter(`net.if.${way}.bytes`, 'B/s', traffic(way)),
        counter(`net.if.${way}.bits`, 'bit/s', 'bytes x 8'),
        counter(`net.if.${way}.packets`, '1/s', traffic(way)),
        counter(`net.if.${way}.errors`, '1/s', traffic(way)),
        counter(`net.if.${way}.dropped`, '1/s', traffic(way)),
      ]),
      counter('net.if.in.fifo.errs', '1/s', 'receive buffer overruns'),
      counter('net.if.in.frame.errs', '1/s', 'malformed frames'),
      counter('net.if.in.compressed', '1/s', 'compressed packets'),
      counter('net.if.in.multicast', '1/s', 'multicast packets'),
      counter('net.if.out.fifo.errs', '1/s', 'send buffer errors'),
      counter('net.if.out.collisions', '1/s', 'collisions'),
      counter('net.if.out.carrier.errs', '1/s', 'carrier losses'),
      counter('net.if.out.compressed', '1/s', 'compressed packets'),
      gauge('net.if.speed.bits', 'bit/s', 'link speed; 0 when unknown, -1000000 when a virtual interface says -1'),
      counter('net.if.in.percent', '%', 'share of the link speed, 0 when that is unknown'),
      counter('net.if.out.percent', '%', 'share of the link speed, 0 when that is unknown'),
    ],
  },
  {
    title: 'Disks',
    tags: ['device'],
    note:
      'Of devices that have been read at least once: `sd*` and `vd*` (with partitions 5 to 9 only), `hd*`, `dm-*`, `md*` and ' +
      '`mmcblk*` without partitions, `xvd*`, `nvme*`, `fio*` and `nbd*` with them. The gauges are averages over the step; ' +
      'the first collection has none.',
    metrics: [
      counter('disk.io.read_requests', '1/s', 'reads completed'),
      counter('disk.io.read_merged', '1/s', 'reads merged with another'),
      counter('disk.io.read_sectors', 'sectors/s', '512 bytes each'),
      counter('disk.io.msec_read', 'ms/s', 'time spent by all reads'),
      counter('disk.io.write_requests', '1/s', 'writes completed'),
      counter('disk.io.write_merged', '1/s', 'writes merged with another'),
      counter('disk.io.write_sectors', 'sectors/s', '512 bytes each'),
      counter('disk.io.msec_write', 'ms/s', 'time spent by all writes'),
      counter('disk.io.ios_in_progress', '1/s', 'requests in flight; a gauge by nature, sent as COUNTER as ever'),
      counter('disk.io.msec_total', 'ms/s', 'time with requests in flight'),
      counter('disk.io.msec_weighted_total', 'ms/s', 'the same times their number'),
      gauge('disk.io.read_bytes', 'B/s', 'read'),
      gauge('disk.io.write_bytes', 'B/s', 'written'),
      gauge('disk.io.avgrq_sz', 'sectors', 'size of a request'),
      gauge('disk.io.avgqu-sz', 'requests', 'length of the queue'),
      gauge('disk.io.await', 'ms', 'from a request to its answer'),
      gauge('disk.io.svctm', 'ms', 'busy time for each request'),
      gauge('disk.io.util', '%', 'time with requests in flight, at most 100'),
    ],
  },
  {
    title: 'File systems',
    tags: ['fstype', 'mount'],
    note:
      'Pseudo file systems, `overlay`, `tmpfs`, `squashfs`, `iso9660`, `fuse*` and mount points starting with /sys, /net, /misc, ' +
      '/proc or /lib are left out, as are those without size; a device mounted twice counts where its path is shortest. ' +
      '`collector.mountPoint` names the only ones to take. A character that a tag cannot carry is written as in /proc/mounts ' +
      '(a blank is `\\040`).',
    metrics: [
      gauge('df.bytes.total', 'bytes', 'all blocks'),
      gauge('df.bytes.used', 'bytes', 'total - free for root'),
      gauge('df.bytes.free', 'bytes', 'available to ordinary users'),
      gauge('df.bytes.used.percent', '%', 'used / (used + available), as df prints it'),
      gauge('df.bytes.free.percent', '%', '100 - df.bytes.used.percent'),
      gauge('df.inodes.total', 'inodes', 'absent where their number is not fixed'),
      gauge('df.inodes.used', 'inodes', 'in use'),
      gauge('df.inodes.free', 'inodes', 'free'),
      gauge('df.inodes.used.percent', '%', 'of df.inodes.total'),
      gauge('df.inodes.free.percent', '%', 'of df.inodes.total'),
    ],
  },
  {
    title: 'File systems in trouble',
    tags: ['mount'],
    note: 'Sent only while something is wrong. A dead file system holds up no other.',
    metrics: [
      gauge(
        'df.stuck',
        '-',
        '1: no answer in time, for example of a dead NFS server; it is not asked again until it answers',
      ),
      gauge(
        'df.unreadable',
        '-',
        '1: an error instead of an answer, a folder that may not be entered, or not asked because others hang',
      ),
    ],
  },
  {
    title: 'All file systems together',
    tags: [],
    note: 'Sums over those above.',
    metrics: [
      gauge('df.statistics.total', 'bytes', 'sum of df.bytes.total'),
      gauge('df.statistics.used', 'bytes', 'sum of df.bytes.used'),
      gauge('df.statistics.used.percent', '%', 'used / total'),
    ],
  },
  {
    title: 'TCP counters',
    tags: [],
    note: 'From /proc/net/netstat. Current kernels lack some of them, which are then absent.',
    metrics: [
      ...tcpExtNames.map((name) => counter(`TcpExt.${name}`, '1/s', `${name} of the group TcpExt`)),
      counter('net.tcp.retrans', '1/s', 'segments sent again, from /proc/net/snmp'),
    ],
  },
  {
    title: 'UDP counters',
    tags: [],
    note: 'From /proc/net/snmp: all that the kernel counts.',
    metrics: [
      counter('snmp.Udp.InDatagrams', '1/s', 'delivered'),
      counter('snmp.Udp.NoPorts', '1/s', 'received for a port nobody is bound to'),
      counter('snmp.Udp.InErrors', '1/s', 'not delivered for other reasons'),
      counter('snmp.Udp.OutDatagrams', '1/s', 'sent'),
      counter('snmp.Udp.RcvbufErrors', '1/s', 'receive buffer full'),
      counter('snmp.Udp.SndbufErrors', '1/s', 'send buffer full'),
      counter('snmp.Udp.InCsumErrors', '1/s', 'wrong checksum'),
      counter('snmp.Udp.IgnoredMulti', '1/s', 'multicast nobody wanted'),
      counter('snmp.Udp.MemErrors', '1/s', 'no memory'),
      counter('snmp.Udp.*', '1/s', 'what newer kernels add'),
    ],
  },
  {
    title: 'TCP sockets',
    tags: [],
    note: 'The numbers of the TCP line of `ss -s`, from /proc/net/sockstat, sockstat6 and snmp.',
    metrics: [
      gauge('ss.estab', 'sockets', 'established, or closed by the other side only'),
      gauge('ss.closed', 'sockets', 'allocated but in no table, and in TIME_WAIT'),
      gauge('ss.orphaned', 'sockets', 'that no program holds any more'),
      gauge('ss.synrecv', 'sockets', 'in SYN_RECV, counted once a minute; absent beyond 5000 sockets'),
      gauge('ss.timewait', 'sockets', 'in TIME_WAIT'),
      gauge('ss.slabinfo.timewait', 'sockets', 'always 0, as on every kernel since 2.6'),
    ],
  },
  {
    title: 'Tracked connections',
    tags: [],
    note: 'Only where the kernel tracks connections (a firewall or address translation). At the limit new connections fail.',
    metrics: [
      gauge('net.conntrack.count', 'connections', 'tracked now'),
      gauge('net.conntrack.max', 'connections', 'tracked at most; 0: no limit'),
      gauge('net.conntrack.used.percent', '%', 'of the limit'),
    ],
  },
  {
    title: 'Pressure',
    tags: [],
    note:
      'From /proc/pressure (Linux 4.20 and later), over the step: the share of the time in which at least one task (`some`) or all ' +
      'tasks that had something to do (`full`) waited. The first collection has none.',
    metrics: [
      gauge('pressure.cpu.some', '%', 'waiting for a processor'),
      gauge('pressure.cpu.full', '%', 'always 0 for a whole host; absent on older kernels'),
      gauge('pressure.memory.some', '%', 'waiting for memory: reclaim, swapping in, thrashing'),
      gauge('pressure.memory.full', '%', 'the same, all tasks'),
      gauge('pressure.io.some', '%', 'waiting for disks'),
      gauge('pressure.io.full', '%', 'the same, all tasks'),
    ],
  },
  {
    title: 'Clock',
    tags: [],
    note:
      'Measured every five minutes, and at once when the clock was set, by SNTP with the servers that `collector.ntpServers` names, ' +
      'else with those that chrony, ntpd or timesyncd is configured to follow; sent with each step. Absent when none answers.',
    metrics: [
      gauge('sys.ntp.offset', 'ms', 'how far this host is ahead of its time servers; negative when it is behind'),
    ],
  },
  {
    title: 'Units of systemd',
    tags: ['state'],
    note: 'Only where systemd runs, which is asked over its socket, once a minute at most.',
    metrics: [
      gauge(
        'systemd.units',
        'units',
        'in that state: `active`, `inactive`, `failed`, `activating`, `deactivating`, `reloading`; 0 is sent too',
      ),
    ],
  },
  {
    title: 'Watched units of systemd',
    tags: ['unit'],
    note: 'Of the units that `collector.systemdUnits` names.',
    metrics: [gauge('systemd.unit.active', '-', '1 while the unit is active; else 0, also when there is no such unit')],
  },
  {
    title: 'NVIDIA cards',
    tags: ['uuid'],
    note: 'Only on hosts with their driver and its `nvidia-smi`. What a card does not tell is left out.',
    metrics: [
      gauge('gpu.fan.speed', '%', 'of the highest speed; fanless cards have none'),
      gauge('gpu.temperature', '°C', 'of the chip'),
      gauge('gpu.memory.total', 'MiB', 'installed'),
      gauge('gpu.memory.used', 'MiB', 'in use'),
      gauge('gpu.memory.util', '%', 'of the time in which memory was read or written'),
      gauge('gpu.util', '%', 'of the time in which a program ran on it'),
      gauge('gpu.power.usage', 'W', 'whole watts'),
    ],
  },
  {
    title: 'All NVIDIA cards together',
    tags: [],
    note: 'Averages are whole percent.',
    metrics: [
      gauge('gpu.count', 'cards', 'in this host'),
      gauge('gpu.util.avg', '%', 'average of gpu.util'),
      gauge('gpu.memory.util.avg', '%', 'average of gpu.memory.util'),
    ],
  },
]

function traffic(way: string): string {
  return { in: 'received', out: 'sent' }[way] ?? 'both together'
}
