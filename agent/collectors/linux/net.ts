import type { LinuxHost, NetworkInterface } from '../../host/linux/host.ts'
import { counter, gauge, hostTags } from '../collector.ts'
import type { CollectedSample, Collector } from '../collector.ts'
import { inTurns } from '../turns.ts'

const atOnce = 50

/** Traffic of the interfaces with names that are wanted. */
export function createNetCollector(
  host: Pick<LinuxHost, 'networkInterfaces'>,
  wants: (name: string) => boolean,
): Collector {
  return {
    name: 'net',
    async collect() {
      const interfaces = await host.networkInterfaces(wants)
      return await inTurns(interfaces, atOnce, (part) => part.flatMap(interfaceSamples))
    },
  }
}

/** The 26 samples of one interface. */
export function interfaceSamples({ name, in: received, out: sent, speedMbit }: NetworkInterface): CollectedSample[] {
  const tags = hostTags({ iface: name })
  // Falcon: a virtual interface says -1, so it has -1,000,000 bit/s and a falling percentage.
  const speedBits = (speedMbit ?? 0) * 1_000_000
  const percent = (bytes: number) => (speedBits === 0 ? 0 : (100 * bytes * 8) / speedBits)
  return [
    counter('net.if.in.bytes', received.bytes, tags),
    counter('net.if.in.packets', received.packets, tags),
    counter('net.if.in.errors', received.errors, tags),
    counter('net.if.in.dropped', received.dropped, tags),
    counter('net.if.in.fifo.errs', received.fifoErrors, tags),
    counter('net.if.in.frame.errs', received.frameErrors, tags),
    counter('net.if.in.compressed', received.compressed, tags),
    counter('net.if.in.multicast', received.multicast, tags),
    counter('net.if.out.bytes', sent.bytes, tags),
    counter('net.if.out.packets', sent.packets, tags),
    counter('net.if.out.errors', sent.errors, tags),
    counter('net.if.out.dropped', sent.dropped, tags),
    counter('net.if.out.fifo.errs', sent.fifoErrors, tags),
    counter('net.if.out.collisions', sent.collisions, tags),
    counter('net.if.out.carrier.errs', sent.carrierErrors, tags),
    counter('net.if.out.compressed', sent.compressed, tags),
    counter('net.if.total.bytes', received.bytes + sent.bytes, tags),
    counter('net.if.total.packets', received.packets + sent.packets, tags),
    counter('net.if.total.errors', received.errors + sent.errors, tags),
    counter('net.if.total.dropped', received.dropped + sent.dropped, tags),
    gauge('net.if.speed.bits', speedBits, tags),
    counter('net.if.in.percent', percent(received.bytes), tags),
    counter('net.if.out.percent', percent(sent.bytes), tags),
    counter('net.if.in.bits', received.bytes * 8, tags),
    counter('net.if.out.bits', sent.bytes * 8, tags),
    counter('net.if.total.bits', (received.bytes + sent.bytes) * 8, tags),
  ]
}
