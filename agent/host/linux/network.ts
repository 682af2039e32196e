import type { NetworkInterface } from './host.ts'
import { numbersFrom, words } from './text.ts'

/**
 * /proc/net/dev: the interfaces with names that are wanted, without speed.
 * Old kernels put no blank between the colon and the first number.
 */
export function parseNetDev(text: string, wants: (name: string) => boolean): Omit<NetworkInterface, 'speedMbit'>[] {
  const found: Omit<NetworkInterface, 'speedMbit'>[] = []
  for (const line of text.split('\n')) {
    const colon = line.lastIndexOf(':')
    if (colon < 0) continue
    const name = line.slice(0, colon).trim()
    if (!wants(name)) continue
    const columns = words(line.slice(colon + 1))
    if (columns.length !== 16) {
      throw new Error(`Cannot understand /proc/net/dev: "${name}" has ${columns.length} columns instead of 16`)
    }
    found.push(interfaceFrom(name, numbersFrom(columns, 0, 16, '/proc/net/dev')))
  }
  return found
}

function interfaceFrom(name: string, columns: readonly number[]): Omit<NetworkInterface, 'speedMbit'> {
  const at = (i: number) => columns[i] ?? 0
  return {
    name,
    in: {
      bytes: at(0),
      packets: at(1),
      errors: at(2),
      dropped: at(3),
      fifoErrors: at(4),
      frameErrors: at(5),
      compressed: at(6),
      multicast: at(7),
    },
    out: {
      bytes: at(8),
      packets: at(9),
      errors: at(10),
      dropped: at(11),
      fifoErrors: at(12),
      collisions: at(13),
      carrierErrors: at(14),
      compressed: at(15),
    },
  }
}

/** /sys/class/net/<name>/speed: Mbit/s, -1 when unknown; undefined when it is not a number. */
export function parseSpeed(text: string): number | undefined {
  const speed = text.trim() === '' ? Number.NaN : Number(text)
  return Number.isInteger(speed) ? speed : undefined
}
