import { openStore } from '../../graph-query/store/store.ts'
import { answer, ready, usage } from '../transfer-intake/usage.ts'

/**
 * A store in a process of its own: `node.ts DIR SERIES MINUTES` takes a sample of each series a minute, with the upkeep
 * that a running graph-query does, as fast as it can. With 0 minutes it only opens what is there.
 */
const [, , dir = '', seriesText = '', minutesText = ''] = process.argv
const series = Number(seriesText)
const minutes = Number(minutesText)
const start = 1_795_176_000
const perHost = 100
const perCommit = 10_000
const clock = { now: start + Math.max(0, minutes - 1) * 60 }

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
    return { cpuMicros, heapUsed, rss, segmentBytes, walBytes, points, headBytes, openMs }
  },
})
ready(0)

async function ingest(): Promise<void> {
  const slots = Uint32Array.from({ length: series }, (_, i) =>
    store.define({
      endpoint: `host${Math.floor(i / perHost)}.example`,
      counter: `metric.number${i % perHost}/device=sda${i % 3}`,
      kind: i % 20 === 16 ? 'DERIVE' : 'GAUGE',
      step: 60,
    }),
  )
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

/** Like an agent's: 35 % constant, 20 % small counts, 15 % rates, 10 % cents, the rest percentages of all digits. */
function valueOf(index: number, minute: number): number {
  const noise = Math.imul((index + 1) * 2_654_435 + minute * 40_503, 1_597_334_677) >>> 0
  const kind = index % 20
  if (kind < 7) return index
  if (kind < 11) return noise % 16
  if (kind < 14) return ((noise % 5000) * 37) / 60
  if (kind < 16) return (noise % 10_000) / 100
  if (kind === 16) return minute * 1_000_003 + (noise % 60_000)
  return (noise / 2 ** 32) * 100
}
