import { expect, test } from 'vitest'
import type { ReceivedItem } from '#protocol'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import { counter, gauge } from './collectors/collector.ts'
import type { Collector } from './collectors/collector.ts'
import { createLastValues } from './last-values.ts'
import { createOwnRounds } from './rounds.ts'

const log = createLogger('agent', { destination: { write: () => undefined } })

/** A host on which something happens 10 times a second, and twice as often in the second half of each minute. */
function host() {
  const clock = { seconds: 0 }
  const happened = () => {
    const minutes = Math.floor(clock.seconds / 60)
    const within = clock.seconds % 60
    return minutes * 900 + within * 10 + Math.max(0, within - 30) * 10
  }
  /** Averages since it was asked last, as that of a processor does. */
  const collector = (device: string): Collector => {
    let before: { total: number; seconds: number } | undefined
    return {
      name: 'events',
      async collect() {
        const now = { total: happened(), seconds: clock.seconds }
        const passed = before && now.seconds - before.seconds
        const mean = before && passed !== undefined && passed > 0 ? (now.total - before.total) / passed : undefined
        before = now
        const samples = [counter('events', now.total, `device=${device}`)]
        return mean === undefined ? samples : [...samples, gauge('events.mean', mean, `device=${device}`)]
      },
    }
  }
  return { clock, collector }
}

function started(first: Collector, clock: { seconds: number }, settings: { stepSeconds: number }) {
  const sent: ReceivedItem[] = []
  const rounds = createOwnRounds({
    collectors: [first],
    slowCollectors: [],
    selfMetrics: () => [],
    settings: () => ({ ...settings, endpoint: 'h', defaultTags: '', ignore: {} }),
    lastValues: createLastValues(1e9),
    hold: (items) => sent.push(...items),
    counters: createCounters(),
    log,
    now: () => clock.seconds * 1000,
  })
  const at = async (seconds: number) => {
    clock.seconds = seconds
    await rounds.collect(seconds * 1000)
  }
  return { rounds, sent, at }
}

test('collectors that are replaced in the middle of a step leave no gap, and each average is over its whole step', async () => {
  const { clock, collector } = host()
  const { rounds, sent, at } = started(collector('old'), clock, { stepSeconds: 60 })
  await rounds.prepare()
  await at(60)
  clock.seconds = 95
  rounds.replace([collector('new')])
  await at(120)
  await at(180)
  await at(240)
  const shown = (metric: string) =>
    sent.filter((item) => item.metric === metric).map(({ timestamp, value, tags }) => [timestamp, value, tags])
  expect(shown('events.mean')).toEqual([
    [60, 15, 'device=old'],
    [120, 15, 'device=old'],
    [180, 15, 'device=new'],
    [240, 15, 'device=new'],
  ])
  expect(shown('events')).toEqual([
    [60, 900, 'device=old'],
    [120, 1800, 'device=old'],
    [180, 2700, 'device=new'],
    [240, 3600, 'device=new'],
  ])
})

test('after a change of the step the next round tells of all the time since the last', async () => {
  const { clock, collector } = host()
  const settings = { stepSeconds: 60 }
  const { rounds, sent, at } = started(collector('a'), clock, settings)
  await rounds.prepare()
  await at(60)
  settings.stepSeconds = 30
  await at(90)
  await at(120)
  expect(sent.map(({ metric, value, step }) => [metric, value, step])).toEqual([
    ['events', 900, 60],
    ['events.mean', 15, 60],
    ['events', 1200, 30],
    ['events.mean', 10, 30],
    ['events', 1800, 30],
    ['events.mean', 20, 30],
  ])
})

test('collectors in trouble are named with their reason until they work again', async () => {
  const clock = { seconds: 0 }
  let broken = true
  const sick: Collector = {
    name: 'sick',
    collect: async () => {
      if (broken) throw new Error('Cannot read /proc/x: gone')
      return []
    },
  }
  const { rounds, at } = started(sick, clock, { stepSeconds: 60 })
  await at(60)
  expect(rounds.troubles()).toEqual([{ collector: 'sick', kind: 'failed', reason: 'Cannot read /proc/x: gone' }])
  broken = false
  await at(120)
  expect(rounds.troubles()).toEqual([])
})
