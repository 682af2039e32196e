import type { Stalls } from './host.ts'
import { numberFrom } from './text.ts'

/**
 * /proc/pressure/cpu, memory or io (Linux 4.20 and later):
 * `some avg10=0.00 avg60=0.00 avg300=0.00 total=0` in microseconds since boot, then the same for `full`, which older
 * kernels lack for cpu.
 */
export function parsePressure(text: string, file: string): Stalls {
  const totalOf = (kind: string) => new RegExp(`^${kind} .*\\btotal=(\\d+)`, 'm').exec(text)?.[1]
  const full = totalOf('full')
  return {
    someMicros: numberFrom(totalOf('some'), file),
    fullMicros: full === undefined ? undefined : numberFrom(full, file),
  }
}
