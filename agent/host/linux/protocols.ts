import { numberFrom, words } from './text.ts'

/**
 * One group of /proc/net/netstat or /proc/net/snmp: a line of names and, below it, a line of numbers, both starting
 * with `<group>:`. Which names there are differs from kernel to kernel. Throws when the group is missing.
 */
export function parseProtocolCounters(text: string, group: string): Map<string, number> {
  const start = text.startsWith(`${group}:`) ? 0 : text.indexOf(`\n${group}:`) + 1
  const [names, values] = text.slice(start).split('\n', 2).map(words)
  if (names?.[0] !== `${group}:` || values?.[0] !== `${group}:` || names.length !== values.length) {
    throw new Error(
      `Cannot understand the protocol counters: "${group}" has no line of names with as many numbers below`,
    )
  }
  return new Map(names.slice(1).map((name, i) => [name, numberFrom(values[i + 1], `${group} ${name}`)]))
}
