import { openStore } from '../../graph-query/store/store.ts'
import { storedSeriesOf, valueOf } from '../agent-data.ts'
import { answer, ready, usage } from '../transfer-intake/usage.ts'

/**
 * A store in a process of its own: `node DIR SERIES MINUTES` takes a sample of each series a minute, with the upkeep
 * that a running graph-query does, as fast as it can. With 0 minutes it only opens what is there.
 */
const [, , dir = '', seriesText = '', minutesText = ''] = process.argv
const series = Number(seriesText)
const minutes = Number(minutesText)
const start = 1_795_176_000
const perCommit = 10_000
const clock = { now: start + Math.max(0, minutes - 1) * 60 }

global.gc?.()
const emptyRss = process.memoryUsage.rss()
const opening = performance.now()
const store = await openStore({ dir, now: () => clock.now, onEvent: () => undefined })
const openMs = performance.now() - opening
const first = usage()
if (minutes > 0) await ingest()
answer({
  /** CPU of all threads. */
  measured() {
    global.gc?.()
    const { heapUsed, rss } = process.memoryUsage()
    const { segmentBytes, walBytes, points, headBytes } = store.stats()
    const cpuMicros = (usage()['cpuMicros'] ?? 0) - (first['cpuMicros'] ?? 0)
    return { cpuMicros, heapUsed, rss, emptyRss, segmentBytes, walBytes, points, headBytes, openMs }
  },
})
ready(0)

async function ingest(): Promise<void> {
  const slots = Uint32Array.from({ length: series }, (_, i) => store.define(storedSeriesOf(i)))
  for (let minute = 0; minute < minutes; minute++) {
    clock.now = start + minute * 60
    for (let i = 0; i < series; i++) {
      store.append(slots[i] ?? -1, clock.now, valueOf(i, minute))
      if (i % perCommit === perCommit - 1) await store.commit()
    }
    await store.commit()
    await store.maintain()
  }
}
