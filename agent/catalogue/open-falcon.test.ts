import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { findMetric } from './catalogue.ts'

/** What Open-Falcon's agent sends on Linux: by tags and type, names divided by blanks. */
const always: readonly { tags: string; type: 'GAUGE' | 'COUNTER'; names: string }[] = [
  {
    tags: '',
    type: 'GAUGE',
    names: `agent.alive cpu.idle cpu.busy cpu.user cpu.nice cpu.system cpu.iowait cpu.irq cpu.softirq cpu.steal cpu.guest
      load.1min load.5min load.15min kernel.maxfiles kernel.maxproc kernel.files.allocated kernel.files.left
      mem.memtotal mem.memfree mem.memused mem.memfree.percent mem.memused.percent
      mem.swaptotal mem.swapfree mem.swapused mem.swapfree.percent mem.swapused.percent
      df.statistics.total df.statistics.used df.statistics.used.percent
      ss.estab ss.closed ss.orphaned ss.synrecv ss.timewait ss.slabinfo.timewait`,
  },
  {
    tags: '',
    type: 'COUNTER',
    names: `cpu.switches
      TcpExt.PruneCalled TcpExt.LockDroppedIcmps TcpExt.ArpFilter TcpExt.TW TcpExt.DelayedACKLocked
      TcpExt.ListenOverflows TcpExt.ListenDrops TcpExt.TCPTSReorder TcpExt.TCPDSACKUndo TcpExt.TCPLostRetransmit
      TcpExt.TCPLossFailures TcpExt.TCPFastRetrans TcpExt.TCPTimeouts TcpExt.TCPAbortOnMemory TcpExt.TCPAbortOnTimeout
      TcpExt.TCPAbortFailed TcpExt.TCPMemoryPressures TcpExt.TCPSpuriousRTOs TcpExt.TCPBacklogDrop TcpExt.TCPMinTTLDrop
      snmp.Udp.InDatagrams snmp.Udp.NoPorts snmp.Udp.InErrors snmp.Udp.OutDatagrams snmp.Udp.RcvbufErrors
      snmp.Udp.SndbufErrors snmp.Udp.InCsumErrors snmp.Udp.IgnoredMulti`,
  },
  {
    tags: 'iface',
    type: 'COUNTER',
    names: `net.if.in.bytes net.if.out.bytes net.if.total.bytes net.if.in.bits net.if.out.bits net.if.total.bits
      net.if.in.packets net.if.out.packets net.if.total.packets net.if.in.errors net.if.out.errors net.if.total.errors
      net.if.in.dropped net.if.out.dropped net.if.total.dropped
      net.if.in.fifo.errs net.if.in.frame.errs net.if.in.compressed net.if.in.multicast
      net.if.out.fifo.errs net.if.out.collisions net.if.out.carrier.errs net.if.out.compressed
      net.if.in.percent net.if.out.percent`,
  },
  { tags: 'iface', type: 'GAUGE', names: 'net.if.speed.bits' },
  {
    tags: 'device',
    type: 'COUNTER',
    names: `disk.io.read_requests disk.io.write_requests disk.io.read_merged disk.io.write_merged
      disk.io.read_sectors disk.io.write_sectors disk.io.msec_read disk.io.msec_write
      disk.io.msec_total disk.io.msec_weighted_total disk.io.ios_in_progress`,
  },
  {
    tags: 'device',
    type: 'GAUGE',
    names: `disk.io.read_bytes disk.io.write_bytes disk.io.avgrq_sz disk.io.avgqu-sz disk.io.await disk.io.svctm
      disk.io.util`,
  },
  {
    tags: 'fstype,mount',
    type: 'GAUGE',
    names: `df.bytes.total df.bytes.used df.bytes.free df.bytes.used.percent df.bytes.free.percent
      df.inodes.total df.inodes.used df.inodes.free df.inodes.used.percent df.inodes.free.percent`,
  },
]

/** Sent only where the kernel has them, which those of today do not; or newer than the recorded one. */
const byKernel = ['TcpExt.TCPPrequeueDropped', 'TcpExt.TCPLoss', 'TcpExt.TCPSchedulerFailed', 'snmp.Udp.MemErrors']

const withCards = [
  ...['fan.speed', 'temperature', 'memory.total', 'memory.used', 'memory.util', 'util', 'power.usage'].map((name) => ({
    name: `gpu.${name}`,
    tags: 'uuid',
  })),
  ...['count', 'util.avg', 'memory.util.avg'].map((name) => ({ name: `gpu.${name}`, tags: '' })),
]

const onDemand = [
  { name: 'net.port.listen', tags: 'port' },
  { name: 'proc.num', tags: '' },
  { name: 'du.bs', tags: 'path' },
  { name: 'url.check.health', tags: 'src,timeout,url' },
]

const wordsOf = (text: string) => text.trim().split(/\s+/)

test('a recorded host sends every metric of Open-Falcon, with its type and tags', async () => {
  const lines = (await readFile(new URL('../collectors/linux/golden.txt', import.meta.url), 'utf8')).trim().split('\n')
  const sent = new Set(
    lines.map((line) => {
      const [metric = '', type = '', tags = ''] = line.split(' ')
      return `${metric} ${type} ${keysOf(tags)}`
    }),
  )
  for (const { tags, type, names } of always) {
    for (const name of wordsOf(names)) expect(sent).toContain(`${name} ${type} ${tags}`)
  }
})

test('all of them are in the catalogue, also those that only some hosts have', () => {
  const all = [
    ...always.flatMap(({ tags, type, names }) => wordsOf(names).map((name) => ({ name, tags, type }))),
    ...byKernel.map((name) => ({ name, tags: '', type: 'COUNTER' })),
    ...[...withCards, ...onDemand].map((metric) => ({ ...metric, type: 'GAUGE' })),
  ]
  expect(all).toHaveLength(29 + 26 + 18 + 10 + 3 + 23 + 9 + 6 + 10 + 4)
  for (const { name, tags, type } of all) {
    const found = findMetric(name) ?? expect.fail(`${name} is not in the catalogue`)
    expect(found.entry.metric).toBe(name)
    expect(found.entry.counterType, name).toBe(type)
    expect(found.group.tags.join(','), name).toBe(tags)
  }
})

function keysOf(tags: string): string {
  return tags
    .split(',')
    .map((tag) => tag.slice(0, Math.max(0, tag.indexOf('='))))
    .join(',')
}
