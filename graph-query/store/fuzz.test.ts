import { cpSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { assert, asyncProperty, boolean, double, nat, record } from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { expect, test } from 'vitest'
import { defaultArchives } from './layout.ts'
import { openStore } from './store.ts'
import { createBench, temporaryFolder } from './store-under-test.contract.ts'
import type { StoreEvent } from './types.ts'
import { verifyStore } from './verify.ts'

const noon = 1_795_176_000
const begin = noon - 40_000
const counters = Array.from({ length: 6 }, (_, i) => `c${i}`)
const rows = 600

/** Different for every series and time, so that nothing can pass for something else. */
const valueAt = (counter: number, row: number) => counter * 10_000 + row + 0.25

/** A store with several segments, an archive, a log and a list; some series are younger than others. */
async function writeStore(): Promise<string> {
  const bench = await createBench(noon)
  const slots = counters.map((counter) => bench.store.define({ endpoint: 'e', counter, kind: 'GAUGE', step: 60 }))
  for (let row = 0; row < rows; row += 20) {
    for (const [i, slot] of slots.entries())
      await bench.feed(
        slot,
        Array.from({ length: 20 }, (_, k): [number, number] => [
          begin - (begin % 60) + (row + k) * 60,
          valueAt(i, row + k),
        ]),
      )
    if (row === 300) await bench.store.maintain()
  }
  await bench.store.close()
  return bench.dir
}

function filesOf(dir: string): string[] {
  const within = (folder: string) => readdirSync(join(dir, folder)).map((name) => join(folder, name))
  return ['series.log', 'last-points', ...within('wal'), ...within('step-60')].filter(
    (file) => statSync(join(dir, file)).size > 0,
  )
}

interface Harm {
  readonly file: number
  readonly at: number
  readonly bit: number
  readonly cut: boolean
}

const harms: Arbitrary<Harm> = record({
  file: nat(),
  at: double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  bit: nat(7),
  cut: boolean(),
})

/** Answers what was harmed. */
function harmFile(dir: string, { file, at, bit, cut }: Harm): string {
  const files = filesOf(dir)
  const name = files[file % files.length] ?? ''
  const path = join(dir, name)
  const bytes = readFileSync(path)
  // A newest log that ends where a block ends is one to which no more was written: nobody can tell, so cuts lie within.
  const isFollowed = files.some((other) => other.startsWith('wal') && name.startsWith('wal') && other > name)
  const position = cut && isFollowed ? Math.floor((at * bytes.length) / 16) * 16 : Math.floor(at * bytes.length) | 1
  if (cut) truncateSync(path, position)
  else if (position < bytes.length) {
    bytes[position] = (bytes[position] ?? 0) ^ (1 << bit)
    writeFileSync(path, bytes)
  }
  return name
}

test('whatever byte is damaged and wherever a file ends: nothing wrong is answered, and what is lost is reported', async () => {
  const sound = await writeStore()
  const work = join(temporaryFolder(), 'work')
  const property = asyncProperty(harms, async (harm) => {
    rmSync(work, { recursive: true, force: true })
    cpSync(sound, work, { recursive: true })
    const file = harmFile(work, harm)
    const verified = verifyStore({
      dir: work,
      archives: defaultArchives,
      rawRetentionSeconds: 30 * 86_400,
      live: false,
      deep: false,
      progress: () => undefined,
    })
    const events: StoreEvent[] = []
    const store = await openStore({ dir: work, now: () => noon, onEvent: (event) => events.push(event) })
    try {
      let missing = 0
      const touched = new Set<string>()
      for (const [i, counter] of counters.entries()) {
        const request = { endpoint: 'e', counter, consolidation: 'AVERAGE' as const, width: 1, mostPoints: 1e6 }
        const history = store.query({ ...request, start: begin - 3600, end: noon })
        const found = new Map<number, number>()
        for (const run of history?.runs ?? [])
          for (const [k, value] of run.values.entries())
            if (value === value) found.set((run.first + k * run.interval - (begin - (begin % 60))) / 60, value)
        for (const [row, value] of found) expect(value, `${counter} row ${row}`).toBe(valueAt(i, row))
        const lost = rows - found.size
        missing += lost
        if (lost > 0) touched.add(counter)
      }
      const reported = [...events, ...verified.damages, ...verified.notes]
      if (missing > 0) expect(reported, `${missing} lost by ${file}`).not.toEqual([])
      // A damaged block of a segment or of the log belongs to one series; a batch of the log was of one series here.
      const blocks = events.filter((event) => event.what === 'damaged' && event.where.startsWith('block'))
      if (blocks.length === events.length && blocks.length > 0) expect(touched.size).toBeLessThanOrEqual(blocks.length)
      if (!harm.cut && file.startsWith('wal')) expect(missing).toBeLessThanOrEqual(20)
    } finally {
      await store.close()
    }
  })
  await assert(property, { numRuns: 100 })
}, 300_000)
