import type { Counters } from '#lib/counters'
import type { LinkAck, LinkHandler, SlotBatch } from '#lib/link'
import type { Logger } from '#lib/log'
import { createWriteEncoder, createWriteSeries } from '#lib/remote-write'
import type { WriteSeries } from '#lib/remote-write'
import { counterOf } from '#protocol'
import type { Series } from '#protocol'
import { createIntakeCounts } from '../intake-counts.ts'
import { isStorableName } from '../names.ts'
import { WriteRefused } from './client.ts'
import { farthestAhead } from './clock.ts'
import type { Clock } from './clock.ts'
import { seriesLabels } from './series-labels.ts'
import type { Writes } from './writes.ts'

/** A series as the intake knows it; undefined when its name cannot be stored. */
export type VictoriametricsSlot = { readonly series: WriteSeries; readonly step: number } | undefined

/** Why samples were not stored, as the counters call it. */
const refusals = ['name', 'nan', 'old', 'future', 'rejected'] as const
type Refusal = (typeof refusals)[number]

export interface VictoriametricsIntakeOptions {
  readonly writes: Writes
  readonly clock: Clock
  readonly rawRetentionSeconds: number
  /** A series was met for the first time on a connection. */
  readonly onDefine: (endpoint: string, counter: string) => void
  readonly counters: Counters
  readonly log: Logger
}

export interface VictoriametricsIntake {
  readonly handler: LinkHandler<VictoriametricsSlot>
  /** Why samples are sent back at present; undefined while they are taken. */
  notice(): string | undefined
}

/** Takes samples from the link to VictoriaMetrics. A batch is acknowledged when the server has taken it. */
export function createVictoriametricsIntake(options: VictoriametricsIntakeOptions): VictoriametricsIntake {
  const { writes, clock, rawRetentionSeconds, counters, log } = options
  const counts = createIntakeCounts(refusals, counters, log)
  const encode = createWriteEncoder()

  function refusalOf(slot: VictoriametricsSlot, time: number, value: number, now: number): Refusal | undefined {
    if (!slot) return 'name'
    if (value !== value) return 'nan'
    if (!(time <= now + farthestAhead)) return 'future'
    if (time < slot.step || time < now - rawRetentionSeconds) return 'old'
    return undefined
  }

  function take(batch: SlotBatch<VictoriametricsSlot>): Promise<LinkAck> {
    return counts.take(batch.count, async (refuse) => {
      const now = clock.now()
      const series: WriteSeries[] = []
      const times = new Float64Array(batch.count)
      const values = new Float64Array(batch.count)
      for (let i = 0; i < batch.count; i++) {
        const slot = batch.slots[i]
        const value = batch.values[i] ?? NaN
        const time = slot ? alignedTo(batch.timestamps[i] ?? NaN, slot.step) : 0
        const reason = refusalOf(slot, time, value, now)
        if (reason) refuse(reason)
        else if (slot) {
          times[series.length] = time * 1000
          values[series.length] = value
          series.push(slot.series)
        }
      }
      const count = series.length
      if (count === 0) return
      try {
        await writes.write(encode({ count, series, times, values }), count)
      } catch (error) {
        if (!(error instanceof WriteRefused))
          throw new Error(`Cannot store samples: ${(error as Error).message}`, { cause: error })
        log.error({ err: error, samples: count }, 'VictoriaMetrics refuses samples')
        refuse('rejected', count)
      }
    })
  }

  return {
    handler: {
      define(series: Series) {
        const { endpoint, metric, tags, step } = series
        const counter = counterOf(metric, tags)
        if (!isStorableName(endpoint) || !isStorableName(counter)) {
          log.debug({ endpoint, counter }, 'a series name cannot be stored')
          return undefined
        }
        options.onDefine(endpoint, counter)
        return { series: createWriteSeries(seriesLabels(series)), step }
      },
      take,
    },
    notice: () => counts.notice(),
  }
}

function alignedTo(time: number, step: number): number {
  return Math.floor(time / step) * step
}
