import type { ModuleProcess } from '../drivers/process.ts'
import { until } from '../drivers/process.ts'
import type { Random } from './random.ts'
import type { Comparison } from './stored.ts'

/** What a fault needs to know of the run it is part of. */
export interface FaultRun {
  readonly random: Random
  /** How often it strikes. */
  readonly times: number
  /** Seconds for which something stays away. */
  readonly awaySeconds: number
  /** A line for whoever waits. */
  readonly progress: (text: string) => void
}

/** One line of the table. */
export interface Outcome {
  readonly fault: string
  readonly times: number
  readonly acknowledged: number
  readonly stored: number
  /** Acknowledged, not answered, and not named by a report of damage. */
  readonly missing: number
  /** Doubled, or never sent. */
  readonly wrong: number
  readonly note: string
  /** Examples of what is missing or wrong, or what else was not as it must be. */
  readonly complaints: readonly string[]
}

export function outcomeOf(fault: string, times: number, comparison: Comparison, note: string): Outcome {
  const { acknowledged, stored, missing, wrong } = comparison
  return {
    fault,
    times,
    acknowledged,
    stored,
    missing: missing.length,
    wrong: wrong.length,
    note,
    complaints: [
      ...missing.slice(0, 5).map((one) => `missing: ${one.endpoint}/${one.counter} at ${one.timestamp}`),
      ...wrong.slice(0, 5).map((one) => `wrong: ${one}`),
    ],
  }
}

interface Destination {
  readonly address: string
  readonly queued: number
  readonly inFlight: number
  readonly spooled: { readonly items: number }
}

/** Waits until transfer has nothing left to send. */
export async function drained(transfer: ModuleProcess, timeoutMs = 180_000): Promise<void> {
  await until(
    'transfer to deliver all it holds',
    async () => ((await transfer.get('/destinations')) as { data: Destination[] }).data,
    (all) => all.every((one) => one.queued + one.inFlight + one.spooled.items === 0),
    timeoutMs,
  )
}

/** A count as a module shows it. */
export async function counterOf(module: ModuleProcess, name: string): Promise<number> {
  const answer = (await module.get('/statistics/all')) as { data: { Name: string; Cnt: number }[] }
  return answer.data.find((row) => row.Name === name)?.Cnt ?? 0
}
