import type { CpuTimes } from './host.ts'
import { numberFrom, numbersFrom, words } from './text.ts'

/** /proc/stat. Kernels before 2.6.11, 2.6.24 and 2.6.33 lack the columns steal, guest and guest_nice: they read 0. */
export function parseStat(text: string): CpuTimes {
  const total = text.startsWith('cpu ') ? 0 : -1
  // The interrupt counts between the processors and ctxt run to tens of kilobytes: look for the line, split no lines.
  const switches = text.indexOf('\nctxt ')
  if (total < 0 || switches < 0) throw new Error('Cannot understand /proc/stat: it has no line "cpu" or no line "ctxt"')
  const [
    user = 0,
    nice = 0,
    system = 0,
    idle = 0,
    iowait = 0,
    irq = 0,
    softirq = 0,
    steal = 0,
    guest = 0,
    guestNice = 0,
  ] = numbersFrom(words(lineAt(text, 0)), 1, 10, '/proc/stat')
  const contextSwitches = numberFrom(words(lineAt(text, switches + 1))[1], '/proc/stat')
  return { user, nice, system, idle, iowait, irq, softirq, steal, guest, guestNice, contextSwitches }
}

/** /proc/stat → the number of processors that are online. */
export function parseCpuCount(text: string): number {
  let count = 0
  for (let at = text.indexOf('\ncpu'); at >= 0; at = text.indexOf('\ncpu', at + 1)) count++
  return count
}

/** /proc/cpuinfo → MHz of the first processor that tells. */
export function parseCpuMhz(text: string): string | undefined {
  const line = text.split('\n').find((line) => line.includes('MHz'))
  return line?.slice(line.indexOf(':') + 1).trim()
}

function lineAt(text: string, start: number): string {
  const end = text.indexOf('\n', start)
  return end < 0 ? text.slice(start) : text.slice(start, end)
}
