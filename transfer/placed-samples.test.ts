import { expect, test } from 'vitest'
import type { Destinations } from './destinations.ts'
import { createPlacedSamples } from './placed-samples.ts'

const series = (number: number) => ({
  number,
  endpoint: 'h',
  metric: `m${number}`,
  tags: '',
  step: 60,
  counterType: 'GAUGE' as const,
})

function recorder() {
  const got: {
    target: number
    samples: [metric: string | undefined, number: number, time: number, value: number][]
  }[] = []
  const destinations: Pick<Destinations, 'addPicked'> = {
    addPicked(target, from, picked, count, into) {
      const samples = [...picked.subarray(0, count)].map((at): (typeof got)[number]['samples'][number] => [
        from.series[at]?.metric,
        from.numbers[at] ?? -1,
        from.timestamps[at] ?? -1,
        from.values[at] ?? -1,
      ])
      got.push({ target, samples })
      into({ settled: Promise.resolve() })
    },
  }
  return { got, destinations: destinations as Destinations }
}

test('each target gets its samples in the order they were added, and nothing twice', () => {
  const { got, destinations } = recorder()
  const placed = createPlacedSamples(3)
  const touched: number[] = []
  placed.add(series(0), [0, 2], 0, 2, 60, 1.5)
  placed.add(series(7), [2], 0, 1, 2 ** 32 - 1, -1)
  placed.add(series(0), [0, 2], 0, 2, 120, 2.5)
  placed.send(destinations, (target) => touched.push(target))
  placed.send(destinations, (target) => touched.push(target))
  expect(touched).toEqual([0, 2])
  expect(got).toEqual([
    {
      target: 0,
      samples: [
        ['m0', 0, 60, 1.5],
        ['m0', 0, 120, 2.5],
      ],
    },
    {
      target: 2,
      samples: [
        ['m0', 0, 60, 1.5],
        ['m7', 7, 2 ** 32 - 1, -1],
        ['m0', 0, 120, 2.5],
      ],
    },
  ])
})

test('what was let go of is not sent with what comes next', () => {
  const { got, destinations } = recorder()
  const placed = createPlacedSamples(1)
  placed.add(series(1), [0, 1], 0, 2, 60, 1)
  placed.clear()
  placed.add(series(2), [1], 0, 1, 60, 2)
  placed.send(destinations, () => undefined)
  expect(got).toEqual([{ target: 1, samples: [['m2', 2, 60, 2]] }])
})
