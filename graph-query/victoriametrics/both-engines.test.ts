import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { now } from '../engine.contract.ts'
import { startStand } from '../graph-query.contract.ts'
import type { Answer, SentSample, Stand } from '../graph-query.contract.ts'
import { serverForTest, storedIn } from './victoriametrics.contract.ts'

const kinds = [
  { metric: 'gauge', counterType: 'GAUGE', step: 60 },
  { metric: 'counter', counterType: 'COUNTER', step: 60 },
  { metric: 'half', counterType: 'DERIVE', step: 30 },
  { metric: 'slow', counterType: 'GAUGE', step: 300 },
  // The same counter with another step: it changed.
  { metric: 'gauge', counterType: 'GAUGE', step: 120 },
] as const

/** Of like size, as one series has them: the server keeps 15 digits or so of the largest in a block. */
const value = fc.oneof(
  fc.integer({ min: 0, max: 1000 }),
  fc.integer({ min: 0, max: 10_000 }).map((n) => n / 100),
)
/** A run of points that ends some time before the clock, with gaps. */
const run = fc.record({
  kind: fc.nat(kinds.length - 1),
  ago: fc.integer({ min: 0, max: 200_000 }),
  values: fc.array(fc.option(value, { freq: 5 }), { minLength: 1, maxLength: 120 }),
})
const question = fc.record({
  consol_fun: fc.constantFrom('AVERAGE', 'MAX', 'MIN'),
  ago: fc.integer({ min: 0, max: 250_000 }),
  seconds: fc.integer({ min: 1, max: 250_000 }),
})

function samplesOf({ kind, ago, values }: { kind: number; ago: number; values: (number | null)[] }, endpoint: string) {
  const { step, ...series } = kinds[kind] ?? kinds[0]
  const first = now - ago - values.length * step
  return values.flatMap((sent, i): SentSample[] =>
    sent === null ? [] : [{ ...series, step, endpoint, timestamp: first + i * step, value: sent }],
  )
}

/**
 * Two values of a counter for one time have no order at the server, nor have two of its steps of which both have their
 * newest sample then: the first one counts here.
 */
function eachTimeOnce(samples: readonly SentSample[]): SentSample[] {
  const once = new Map<string, SentSample>()
  for (const sample of samples.toReversed()) {
    const { metric, step = 60, timestamp } = sample
    once.set(`${metric} ${timestamp - (timestamp % step)}`, sample)
  }
  return [...once.values()]
}

test('whatever is sent, both engines answer the same', { timeout: 120_000 }, async () => {
  const server = await serverForTest()
  const query = { listen: '127.0.0.1:0', mostPoints: 2000 }
  const stands: Stand[] = [
    await startStand({ now: () => now, config: { query } }),
    await startStand({ now: () => now, config: { ...storedIn(server.url), query } }),
  ]
  const ask = (call: (stand: Stand) => Promise<Answer>) => Promise.all(stands.map(call))
  let rounds = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(run, { minLength: 1, maxLength: 8 }),
      fc.array(question, { minLength: 3, maxLength: 8 }),
      async (runs, questions) => {
        const endpoint = `host${++rounds}`
        const samples = eachTimeOnce(runs.flatMap((one) => samplesOf(one, endpoint)))
        for (const stand of stands) expect(await stand.send(samples)).toEqual({ taken: samples.length, refused: 0 })
        await server.flush()
        const counters = ['gauge', 'counter', 'half', 'slow']
        for (const { consol_fun, ago, seconds } of questions) {
          const body = {
            hostnames: [endpoint],
            counters,
            consol_fun,
            start_time: now - ago - seconds,
            end_time: now - ago,
          }
          const [ours, theirs] = await ask((stand) => stand.post('/history', body))
          expect(theirs?.text).toBe(ours?.text)
        }
        const [ours, theirs] = await ask((stand) =>
          stand.post(
            '/lastpoint',
            counters.map((counter) => ({ endpoint, counter })),
          ),
        )
        expect(theirs?.text).toBe(ours?.text)
        const [known, knownThere] = await ask((stand) => stand.get(`/endpointobj?endpoints=${endpoint}`))
        expect(knownThere?.text).toBe(known?.text)
      },
    ),
    { numRuns: 25, endOnFailure: true },
  )
})
