import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLogger } from '#lib/log'
import { openSpool } from './open-spool.ts'
import { headerBytes } from './record-header.ts'
import type { SpoolDrop } from './spool.ts'

const log = createLogger('test', { destination: { write: () => undefined } })

type Step =
  | { readonly do: 'append'; readonly size: number; readonly items: number }
  | { readonly do: 'release'; readonly count: number }
  | { readonly do: 'reopen' }
  | { readonly do: 'wait'; readonly seconds: number }

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      size: fc.nat({ max: 120 }),
      items: fc.integer({ min: 1, max: 9 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('release' as const), count: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'reopen' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 60 }) }) },
)

/** What the spool should hold: records of numbered bytes. */
interface Held {
  readonly number: number
  readonly items: number
  readonly at: number
}

test('whatever is appended, released and reopened, records stay in order and every item is held, released or dropped once', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 80 }), (steps) => {
      const dir = mkdtempSync(join(tmpdir(), 'spool-model-'))
      try {
        runModel(dir, steps)
      } finally {
        rmSync(dir, { recursive: true })
      }
    }),
    { numRuns: 150 },
  )
}, 30_000)

function runModel(dir: string, steps: readonly Step[]): void {
  const maxBytes = 1500
  const maxAgeSeconds = 100
  let seconds = 1_700_000_000
  let held: Held[] = []
  let next = 0

  /** The spool drops its oldest records first. */
  function onDrop(items: number, reason: SpoolDrop): void {
    for (let left = items; left > 0;) {
      const oldest = held.shift()
      if (!oldest) throw new Error(`${left} items dropped that were not held`)
      left -= oldest.items
      expect(left).toBeGreaterThanOrEqual(0)
      if (reason === 'age') expect(oldest.at).toBeLessThan(seconds - maxAgeSeconds)
      else expect(reason).toBe('size')
    }
  }
  const open = () => openSpool({ dir, maxBytes, maxAgeSeconds, log, onDrop, now: () => seconds * 1000 })

  let spool = open()
  for (const step of steps) {
    if (step.do === 'append') {
      const data = Buffer.alloc(4 + step.size, next)
      data.writeUInt32LE(next, 0)
      held.push({ number: next, items: step.items, at: seconds })
      spool.append(data, step.items)
      next++
    } else if (step.do === 'release') {
      const records = spool.peekMany(Infinity, Infinity).slice(0, step.count)
      const last = records.at(-1)
      if (last) expect(spool.release(last)).toBe(records.reduce((sum, record) => sum + record.items, 0))
      held = held.slice(records.length)
    } else if (step.do === 'reopen') {
      spool.close()
      spool = open()
    } else {
      seconds += step.seconds
    }
    const { records, items, bytes } = spool.stats()
    expect(records).toBe(held.length)
    expect(items).toBe(held.reduce((sum, record) => sum + record.items, 0))
    expect(bytes).toBeGreaterThanOrEqual(held.length * (headerBytes + 4))
    expect(bytes).toBeLessThanOrEqual(maxBytes)
  }
  const read = spool.peekMany(Infinity, Infinity).map(({ data, items, at }) => {
    const bytes = Buffer.from(data)
    const number = bytes.readUInt32LE(0)
    expect(bytes.subarray(4).every((byte) => byte === number)).toBe(true)
    return { number, items, at }
  })
  expect(read).toEqual(held)
  spool.close()
}
