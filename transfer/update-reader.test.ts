import { array, assert, constantFrom, double, integer, oneof, property, record, string, tuple } from 'fast-check'
import { expect, test } from 'vitest'
import { createCounters } from '#lib/counters'
import { sortTags } from '#protocol'
import type { Destinations } from './destinations.ts'
import { createEndpointCounts } from './endpoint-counts.ts'
import { createIntake } from './intake.ts'
import type { Intake, TransferReply } from './intake.ts'
import { createRejected } from './rejected.ts'
import { createSeriesCache } from './series-cache.ts'
import { createTemplates } from './templates.ts'
import { createUpdateReader } from './update-reader.ts'
import { update } from './methods/update.ts'

/** An intake whose samples are written down instead of sent. */
function setup() {
  const sent: unknown[][] = []
  const destinations: Pick<Destinations, 'addPicked' | 'sinksFrom'> = {
    sinksFrom: 1,
    addPicked(target, { series, timestamps, values }, picked, count, into) {
      for (const at of picked.subarray(0, count)) {
        const { endpoint, metric, tags, counterType, step } = series[at] ?? expect.fail()
        const value = values[at] ?? NaN
        sent.push([
          target,
          endpoint,
          metric,
          tags,
          counterType,
          step,
          timestamps[at],
          Object.is(value, -0) ? '-0' : value,
        ])
      }
      into({ settled: Promise.resolve() })
    },
  }
  const routes = createSeriesCache({
    max: 1e6,
    create: ({ counterType, step, endpoint, metric, tags }) => ({
      counterType,
      sentStep: step,
      series: { number: 0, endpoint, metric, tags: sortTags(tags), step: Math.max(30, step), counterType: 'GAUGE' },
      targets: [0],
      watch: undefined,
    }),
    forgotten: () => undefined,
  })
  const counters = createCounters()
  const rejected = createRejected(counters, 5, () => 0)
  const intake = createIntake({
    routes,
    destinations: destinations as Destinations,
    rejected,
    counts: createEndpointCounts(),
    counters,
    now: () => 1_795_191_000_000,
  })
  return { sent, intake, read: createUpdateReader(routes, createTemplates(), intake) }
}

async function general(intake: Intake, text: string): Promise<string | undefined> {
  const { params } = JSON.parse(text) as { params: unknown[] }
  const answer = await update.answer({ value: params[0], text: () => JSON.stringify(params[0]) }, { intake }, 'peer')
  return 'result' in answer ? answer.result : undefined
}

/** Mostly what agents send, now and then what they hardly ever do. */
const mostly = <T>(usual: readonly T[], unusual: readonly T[]) =>
  oneof({ weight: 30, arbitrary: constantFrom(...usual) }, { weight: 1, arbitrary: constantFrom(...unusual) })
const name = oneof(
  { weight: 30, arbitrary: constantFrom('cpu.idle', 'df.bytes', 'h1', 'a b', 'k=v', 'z=1,a=2') },
  { weight: 1, arbitrary: string() },
).map((text) => JSON.stringify(text))
const numberText = oneof(
  double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  integer().map(String),
  tuple(integer({ min: 0, max: 10 ** 9 }), integer({ min: 0, max: 999_999_999 })).map(([a, b]) => `${a}.${b}`),
  constantFrom(
    '-0',
    '0.1',
    '1E5',
    '1.5e-3',
    '1e400',
    '-1e400',
    '1e-400',
    '123456789012345678',
    '0.000000000000001',
    '9007199254740993',
    '-1.0',
  ),
)
const item = record({
  endpoint: name,
  metric: name,
  value: oneof({ weight: 20, arbitrary: numberText }, constantFrom('"1.5"', '"x"', 'null', '"NaN"', 'true')),
  step: mostly(['60', '10'], ['0', '-1', '60.5', '6e1', '4294967296']),
  counterType: mostly(['"GAUGE"', '"COUNTER"', '"DERIVE"'], ['"other"']),
  tags: name,
  timestamp: mostly(['1795190000', '0', '-5', '1795190059'], ['1795190000000', '1.5']),
})
const usual = ['endpoint', 'metric', 'value', 'step', 'counterType', 'tags', 'timestamp']
const order = mostly(
  [usual, ['metric', 'endpoint', 'timestamp', 'step', 'value', 'counterType', 'tags'], usual.toSpliced(5, 1)],
  [[...usual, 'value'], usual.toSpliced(5, 1, 'Tags'), [...usual, 'extra']],
)
const call = tuple(
  array(item, { maxLength: 6 }),
  order,
  constantFrom('', ' '),
  mostly(['0', '17', '-3'], ['"a"', 'null', '1.0']),
  constantFrom('first', 'last'),
).map(([items, members, gap, id, method]) => {
  const texts = items.map((one) => {
    const all = members.map((key) => `"${key}":${gap}${(one as Record<string, string>)[key] ?? '"x"'}`)
    return `{${all.join(`,${gap}`)}}`
  })
  const params = `"params":${gap}[[${texts.join(`,${gap}`)}]]`
  const named = `"method":${gap}"Transfer.Update"`
  return method === 'first' ? `{${named},${params},"id":${gap}${id}}` : `{"id":${gap}${id},${params},${gap}${named}}`
})

test('a call read from its bytes ends exactly as by the general way, or is left to it', async () => {
  let direct = 0
  const [one, other] = [setup(), setup()]
  const calls: string[] = []
  assert(
    property(call, (text) => {
      calls.push(text)
    }),
    { numRuns: 3000 },
  )
  for (const text of calls) {
    one.sent.length = 0
    other.sent.length = 0
    const request = one.read(Buffer.from(text))
    const expected = await general(other.intake, text)
    if (request === undefined) {
      expect(one.sent).toEqual([])
      await general(one.intake, text)
      continue
    }
    direct++
    expect(JSON.parse(text)).toMatchObject({ id: Number(request.id) })
    const answer = await request.run()
    expect('result' in answer && answer.result, text).toBe(expected)
    expect(one.sent, text).toEqual(other.sent)
  }
  // The usual is read directly, and the test has seen both.
  expect(direct).toBeGreaterThan(500)
  expect(direct).toBeLessThan(calls.length)
})

test('what agents send is read directly, the second time by its expected series, also after one was left out', async () => {
  const { read, sent } = setup()
  const items = (count: number, from: number) =>
    Array.from({ length: count }, (_, i) => ({
      endpoint: 'h1',
      metric: `m${i}`,
      value: from + i / 8,
      step: 60,
      counterType: 'GAUGE',
      tags: i % 2 === 0 ? '' : `k=${i}`,
      timestamp: 1_795_190_000 + from,
    }))
  const send = async (all: object[]) => {
    sent.length = 0
    const request = read(Buffer.from(JSON.stringify({ method: 'Transfer.Update', params: [all], id: 1 })))
    const answer = await request?.run()
    const reply = answer && 'result' in answer ? (JSON.parse(answer.result) as TransferReply) : undefined
    expect(reply).toMatchObject({ Total: all.length, Invalid: 0 })
    return sent.map(([, , metric, tags, , , , value]) => [metric, tags, value])
  }
  const shown = (all: ReturnType<typeof items>) => all.map(({ metric, tags, value }) => [metric, tags, value])
  for (const all of [items(300, 0), items(300, 60), items(300, 120).toSpliced(7, 1), items(300, 180).toReversed()])
    expect(await send(all)).toEqual(shown(all))
})
