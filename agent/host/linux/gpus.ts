import { runProgram } from '../../run-program.ts'
import type { Gpu } from './host.ts'
import { isGone } from './kernel-files.ts'
import type { KernelFiles } from './kernel-files.ts'

/** Columns of the question, in the order of `Gpu`. */
const columns = [
  'uuid',
  'fan.speed',
  'temperature.gpu',
  'memory.total',
  'memory.used',
  'utilization.memory',
  'utilization.gpu',
  'power.draw',
].join(',')

/** Without the driver's persistence mode each question starts the cards, which takes seconds. */
const answerWithinMs = 8000

/** Where the driver's packages put their program. */
const env = { PATH: '/usr/bin:/bin:/usr/local/bin:/usr/local/nvidia/bin', LC_ALL: 'C' }

/**
 * Asks the driver's own program, the only face of the vendor's library that needs no compiler; no program is started on a
 * host without the driver. `program` is its name or path.
 * @throws when the driver is there and cannot be asked.
 */
export async function readGpus(files: KernelFiles, program: string): Promise<Gpu[]> {
  try {
    files.now('/proc/driver/nvidia/version')
  } catch (error) {
    if (isGone(error)) return []
    throw error
  }
  const { outcome, exit, stdout, reason } = await runProgram({
    file: program,
    args: [`--query-gpu=${columns}`, '--format=csv,noheader,nounits'],
    cwd: '/',
    env,
    timeoutMs: answerWithinMs,
    maxOutputBytes: 256 * 1024,
    signal: new AbortController().signal,
  })
  // Falcon: a host with the driver but not its tools sends nothing.
  if (outcome === 'not started' && reason?.endsWith('ENOENT') === true) return []
  const text = stdout.toString()
  if (outcome === 'exited' && exit === 0) return parseGpus(text)
  // It tells its troubles on stdout.
  const told = text.trim().split('\n')[0] ?? ''
  throw new Error(`Cannot ask ${program}: ${told === '' ? (reason ?? `${outcome} ${exit ?? ''}`) : told}`)
}

/** One line a card, `GPU-…, 30, 45, 16160, 1024, 3, 12, 48.03`; what a card does not tell is `[N/A]` or the like. */
export function parseGpus(text: string): Gpu[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [uuid = '', ...rest] = line.split(',').map((field) => field.trim())
      const [fanPercent, celsius, memoryTotalMib, memoryUsedMib, memoryPercent, busyPercent, watts] = rest.map(numberOf)
      return { uuid, fanPercent, celsius, memoryTotalMib, memoryUsedMib, memoryPercent, busyPercent, watts }
    })
}

function numberOf(field: string): number | undefined {
  const value = Number(field)
  return field === '' || Number.isNaN(value) ? undefined : value
}
