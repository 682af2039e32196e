import type { Adapter, WindowsHost } from '../../host/windows/host.ts'
import { counter, gauge } from '../collector.ts'
import type { CollectedSample, Collector } from '../collector.ts'
import { patternOf } from '../pattern.ts'
import { hasLinuxNames, hasOldNames, nameTags } from './names.ts'
import type { WindowsNames } from './names.ts'

/** Which adapters a configuration wants. */
export interface AdapterChoice {
  /** Not those whose name contains one of these. */
  readonly ifacePrefixIgnore?: readonly string[] | undefined
  /** When there are any, only names that fit one of these. */
  readonly ifaceInclude: readonly string[]
  /** Never those that fit one of these. */
  readonly ifaceExclude?: readonly string[] | undefined
}

/** Falcon: what the example configuration of Windows-Agent names. */
const pseudo = ['Loopback', 'Teredo Tunneling', 'isatap', '6TO4 Adapter']

/** `ifacePrefix` has no part in it: one configuration for a mixed fleet names the devices of Linux there. */
export function adapterFilter(choice: AdapterChoice): (name: string) => boolean {
  const ignored = choice.ifacePrefixIgnore ?? pseudo
  const included = choice.ifaceInclude.map(patternOf)
  const excluded = (choice.ifaceExclude ?? []).map(patternOf)
  const fits = (patterns: readonly RegExp[], name: string) => patterns.some((pattern) => pattern.test(name))
  return (name) =>
    !ignored.some((part) => name.includes(part)) &&
    !fits(excluded, name) &&
    (included.length === 0 || fits(included, name))
}

export function createNetCollector(
  host: Pick<WindowsHost, 'adapters'>,
  wants: (name: string) => boolean,
  names: WindowsNames,
): Collector {
  return {
    name: 'net',
    collect: async () =>
      (await host.adapters(wants)).flatMap((adapter) => [
        ...(hasOldNames(names) ? windowsAgentSamples(adapter) : []),
        ...(hasLinuxNames(names) ? linuxSamples(adapter) : []),
      ]),
  }
}

function windowsAgentSamples({ name, in: received, out: sent }: Adapter): CollectedSample[] {
  const tags = nameTags('interface', name)
  return [
    counter('net.if.in.mbits', tenthsOfMegabits(received.bytes), tags),
    counter('net.if.out.mbits', tenthsOfMegabits(sent.bytes), tags),
    counter('net.if.in.packets', received.packets, tags),
    counter('net.if.out.packets', sent.packets, tags),
    counter('net.if.in.error', received.errors, tags),
    counter('net.if.out.error', sent.errors, tags),
    counter('net.if.in.drop', received.dropped, tags),
    counter('net.if.out.drop', sent.dropped, tags),
  ]
}

/** Falcon: ten times what the name of the metric says, which existing thresholds and charts are made for. */
function tenthsOfMegabits(bytes: number): number {
  return Math.floor((bytes * 8) / 100_000)
}

function linuxSamples({ name, in: received, out: sent, bitsPerSecond }: Adapter): CollectedSample[] {
  const tags = nameTags('iface', name)
  const percent = (bytes: number) => (bitsPerSecond === 0 ? 0 : (100 * bytes * 8) / bitsPerSecond)
  const both = (of: 'bytes' | 'packets' | 'errors' | 'dropped') => received[of] + sent[of]
  return [
    counter('net.if.in.bytes', received.bytes, tags),
    counter('net.if.in.packets', received.packets, tags),
    counter('net.if.in.errors', received.errors, tags),
    counter('net.if.in.dropped', received.dropped, tags),
    counter('net.if.out.bytes', sent.bytes, tags),
    counter('net.if.out.packets', sent.packets, tags),
    counter('net.if.out.errors', sent.errors, tags),
    counter('net.if.out.dropped', sent.dropped, tags),
    counter('net.if.total.bytes', both('bytes'), tags),
    counter('net.if.total.packets', both('packets'), tags),
    counter('net.if.total.errors', both('errors'), tags),
    counter('net.if.total.dropped', both('dropped'), tags),
    gauge('net.if.speed.bits', bitsPerSecond, tags),
    counter('net.if.in.percent', percent(received.bytes), tags),
    counter('net.if.out.percent', percent(sent.bytes), tags),
    counter('net.if.in.bits', received.bytes * 8, tags),
    counter('net.if.out.bits', sent.bytes * 8, tags),
    counter('net.if.total.bits', both('bytes') * 8, tags),
  ]
}
